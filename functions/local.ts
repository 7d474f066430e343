import { randomBytes } from 'node:crypto';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { editVideo } from '../shared/engine/edit.ts';
import { openMedia } from '../shared/engine/media/index.ts';
import { engineApi } from '../shared/engine/routes.ts';
import { cleanWork } from '../shared/engine/work.ts';
import { createLog, type LogSink } from '../shared/log.ts';
import { mosaicClient } from '../shared/mosaic/client.ts';
import type { LocalBucket, LocalPlatform } from '../shared/platform/local/index.ts';
import type { Table } from '../shared/platform/ports.ts';
import { parseRules } from '../shared/runs/rules.ts';
import { copyOutputHandler } from './copy-output.ts';
import { engineWorkHandler } from './engine-work.ts';
import { ensureAgents } from './local/agents.ts';
import { type Lane, pump } from './local/pump.ts';
import { resultsHandler } from './local/results.ts';
import { hostname, listen } from './local/server.ts';
import { reconcileHandler } from './reconcile.ts';
import { settleHandler } from './settle.ts';
import { startRunHandler } from './start-run.ts';
import { webhookHandler } from './webhook.ts';

export interface LocalOptions {
  /** Opened, and owned by this process. */
  readonly platform: LocalPlatform;
  readonly dataFolder: string;
  /** 0: any free one. */
  readonly port: number;
  readonly ffmpeg: { readonly ffmpegPath: string; readonly ffprobePath: string };
  readonly logSink: LogSink;
}

export interface LocalWorld {
  readonly url: string;
  readonly port: number;
  readonly apiKey: string;
  /** Each agent's id by its name, which is also its folder's. */
  readonly agents: ReadonlyMap<string, string>;
  readonly uploads: LocalBucket;
  readonly runs: Table;
  /** What this program keeps for itself: secrets, ready agents, where results were put. */
  readonly remembered: Table;
  /** True once something could not be written for lack of space; it is tried again by itself. */
  isDiskFull(): boolean;
  /** Takes nothing new, parks what is under way, and closes everything. */
  stop(): Promise<void>;
}

const slots = 4;
const reconcileEveryMs = 10_000;
const stopGraceMs = 2000;
const hour = 3600;

/** Both halves on one machine: the same doors as in AWS, on the local adapters, over HTTP on loopback. */
export async function startLocal({ platform, dataFolder, port, ffmpeg, logSink }: LocalOptions): Promise<LocalWorld> {
  const clock = Date.now;
  let diskFull = false;
  const log = createLog((line) => {
    diskFull ||= /ENOSPC|disk (is )?full/i.test(JSON.stringify(line.error ?? ''));
    logSink(line);
  });
  const remembered = platform.table('local');
  const [runs, engineTable] = [platform.table('runs'), platform.table('engine')];
  const [uploads, deliveries, media] = [
    platform.bucket('uploads'),
    platform.bucket('deliveries'),
    platform.bucket('media'),
  ];
  const many = { maxReceives: 1000 };
  const [startQueue, settleQueue, copyQueue] = [
    platform.queue('starts'),
    platform.queue('settles'),
    platform.queue('copies'),
  ];
  // A start of the program after a kill counts as a receive; only a render that ends badly by itself should use them up.
  const workQueue = platform.queue('work', many);
  const resultsQueue = platform.queue('results', many);
  platform.notify(uploads.name, 'starts');
  platform.notify(deliveries.name, 'results');

  const apiKey = await secret(remembered, 'api-key', 'mk_');
  const webhookSecret = await secret(remembered, 'webhook-secret', 'whsk_');
  const stopping = new AbortController();
  const server = await listen(port, () => doors);
  const url = `http://${hostname}:${server.port}`;
  platform.setLinkBase(`${url}/objects`);
  const trustedHosts = [`${hostname}:${server.port}`];

  const mosaic = mosaicClient({ baseUrl: url, apiKey: async () => apiKey });
  const runDeps = { runs, clock, log, mosaic, runDeadlineSeconds: 6 * hour, uncertainWaitSeconds: 5 };
  const limits = { wallSeconds: 6 * hour, inputSeconds: 3 * hour, inputBytes: 5 * 2 ** 30, outputBytes: 50 * 2 ** 30 };
  const engineDeps = { table: engineTable, bucket: media, queue: workQueue, clock, log, trustedHosts, limits };
  const workFolder = join(dataFolder, 'work');
  const tools = openMedia(ffmpeg);
  let agents: ReadonlyMap<string, string> = new Map();

  const doors = {
    engineApi: engineApi({ ...engineDeps, firstKey: async () => apiKey }),
    webhook: webhookHandler({ ...runDeps, settleQueue, webhookSecret: async () => webhookSecret }),
    links: platform.serveLinks,
  };
  const startRun = startRunHandler({
    ...runDeps,
    ...{ uploads, startQueue, settleQueue, slots },
    rules: async () => rulesFor(agents),
    callbackUrl: `${url}/pipeline`,
    uploadLinkSeconds: 24 * hour,
  });
  const engineWork = engineWorkHandler({
    ...engineDeps,
    workFolder,
    stopping: stopping.signal,
    renderTries: 20,
    webhookSecret: async () => webhookSecret,
    webhookPausesSeconds: [1, 4, 16],
    edit: oneAtATime(Math.max(1, Math.floor(cpus().length / 4)), (job) => editVideo(tools, job)),
  });
  const lanes: readonly Lane[] = [
    { name: 'starts', queue: startQueue, door: startRun, concurrency: 1 },
    { name: 'settles', queue: settleQueue, door: settleHandler({ ...runDeps, startQueue, copyQueue }), concurrency: 4 },
    {
      name: 'copies',
      queue: copyQueue,
      door: copyOutputHandler({ ...runDeps, deliveries, trustedHosts }),
      concurrency: 2,
    },
    { name: 'work', queue: workQueue, door: engineWork, concurrency: 16 },
    {
      name: 'results',
      queue: resultsQueue,
      door: resultsHandler({ deliveries, uploads, remembered, log, folder: join(dataFolder, 'deliveries') }),
      concurrency: 2,
    },
  ];

  await cleanWork({ workFolder });
  agents = await ensureAgents(mosaic, remembered);
  platform.reviveMessages();
  const wakeups = (name: string) => (listener: () => void) =>
    platform.onMessage((queue) => {
      if (queue === name) listener();
    });
  const pumps = lanes.map((lane) => pump(lane, wakeups(lane.name), log));
  const reconcile = reconcileHandler({ ...runDeps, startQueue, settleQueue });
  const look = () => reconcile().catch((error: unknown) => log.error('reconcile.failed', { error }));
  await look();
  const schedule = setInterval(look, reconcileEveryMs);

  return {
    ...{ url, port: server.port, apiKey, agents, uploads, runs, remembered },
    isDiskFull: () => diskFull,
    stop: async () => {
      clearInterval(schedule);
      stopping.abort();
      await Promise.all(pumps.map((each) => each.stop(stopGraceMs)));
      await server.close();
      platform.close();
    },
  };
}

const rulesFor = (agents: ReadonlyMap<string, string>) =>
  parseRules({ rules: [...agents].map(([name, agentId]) => ({ id: name, prefix: `${name}/`, agentId })) });

/** Made at the first start and kept in the folder, which is the user's own. */
async function secret(remembered: Table, name: string, prefix: string): Promise<string> {
  const key = { pk: `SECRET#${name}`, sk: 'SECRET' };
  await remembered.write({
    put: { ...key, type: 'secret', value: `${prefix}${randomBytes(24).toString('base64url')}` },
    if: 'absent',
  });
  return String((await remembered.get(key))?.value);
}

/** FFmpeg uses every core by itself: renders beside each other only delay the first. */
function oneAtATime<Job, Result>(most: number, run: (job: Job) => Promise<Result>): (job: Job) => Promise<Result> {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async (job) => {
    if (running >= most) await new Promise<void>((go) => waiting.push(go));
    else running += 1;
    try {
      return await run(job);
    } finally {
      const next = waiting.shift();
      if (next) next();
      else running -= 1;
    }
  };
}
