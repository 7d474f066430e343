import { createLog, type Log, type LogSink } from '../../shared/log.ts';
import type { AgentSummary } from '../../shared/mosaic/client.ts';
import type { LocalBucket, LocalPlatform } from '../../shared/platform/local/index.ts';
import type { Table } from '../../shared/platform/ports.ts';
import type { RuleSet } from '../../shared/runs/run/rule.ts';
import { agentsByName } from './agents-by-name.ts';
import { openEngine } from './connect-engine.ts';
import { openPipeline } from './connect-pipeline.ts';
import { pump } from './queue-pump.ts';
import { type Doors, hostname, type LocalServer, listen } from './server.ts';
import { ensureSecret, openStores, type Stores } from './stores.ts';
import type { Surroundings } from './surroundings.ts';

export interface LocalOptions {
  /** Opened, and owned by this process; closed by `stop`. */
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
  /** By their names, which are also their folders'. */
  readonly agents: ReadonlyMap<string, AgentSummary>;
  readonly uploads: LocalBucket;
  readonly runs: Table;
  readonly remembered: Table;
  /** Those that hold now: applied by command, or else a folder for each agent. */
  rules(): Promise<RuleSet>;
  /** True once something could not be written for lack of space; it is tried again by itself. */
  isDiskFull(): boolean;
  /** Takes nothing new, parks what is under way, and closes everything. */
  stop(): Promise<void>;
}

const reconcileEveryMs = 10_000;
const stopGraceMs = 2000;

/** Both halves on one machine: the same doors as in AWS, on the local adapters, over HTTP on loopback. */
export async function startLocal(options: LocalOptions): Promise<LocalWorld> {
  let doors: Doors = { engineApi: { fetch: starting }, webhook: async () => ({ statusCode: 503 }), links: starting };
  const server = await listen(options.port, () => doors);
  try {
    return await openWorld(options, server, (opened) => {
      doors = opened;
    });
  } catch (error) {
    await server.close();
    throw error;
  }
}

const starting = async (): Promise<Response> => new Response('starting', { status: 503 });

async function openWorld(
  options: LocalOptions,
  server: LocalServer,
  serve: (doors: Doors) => void,
): Promise<LocalWorld> {
  const { platform } = options;
  const stores = openStores(platform);
  const stopping = new AbortController();
  const { log, isDiskFull } = watchingForSpace(options.logSink);
  const around = await lookAround(options, server, stores, log, stopping.signal);
  platform.setLinkBase(`${around.url}/objects`);

  const engine = await openEngine(stores, around);
  const pipeline = openPipeline(stores, around);
  serve({ engineApi: engine.api, webhook: pipeline.webhook, links: platform.serveLinks });
  const agents = await agentsByName(pipeline.mosaic);
  pipeline.useAgents(agents);

  platform.reviveMessages();
  const pumps = [...pipeline.lanes, ...engine.lanes].map((lane) => pump(lane, wakeUpsOf(platform, lane.name), log));
  const look = () => pipeline.reconcile().catch((error: unknown) => log.error('reconcile.failed', { error }));
  await look();
  const schedule = setInterval(look, reconcileEveryMs);

  const { url, apiKey } = around;
  const { uploads, runs, remembered } = stores;
  return {
    ...{ url, port: server.port, apiKey, agents, uploads, runs, remembered, isDiskFull },
    rules: pipeline.rules,
    stop: async () => {
      clearInterval(schedule);
      stopping.abort();
      await Promise.all(pumps.map((each) => each.stop(stopGraceMs)));
      await server.close();
      platform.close();
    },
  };
}

async function lookAround(
  { dataFolder, ffmpeg }: LocalOptions,
  { port }: LocalServer,
  { remembered }: Stores,
  log: Log,
  stopping: AbortSignal,
): Promise<Surroundings> {
  return {
    ...{ dataFolder, ffmpeg, log, stopping },
    clock: Date.now,
    url: `http://${hostname}:${port}`,
    trustedHosts: [`${hostname}:${port}`],
    apiKey: await ensureSecret(remembered, 'api-key'),
    webhookSecret: await ensureSecret(remembered, 'webhook-secret'),
    signingSecret: await ensureSecret(remembered, 'signing-secret'),
  };
}

/** A full disk fails the next write, so it is first seen in the log. */
function watchingForSpace(sink: LogSink): { log: Log; isDiskFull(): boolean } {
  let full = false;
  const log = createLog((line) => {
    full ||= /ENOSPC|disk (is )?full/i.test(JSON.stringify(line.error ?? ''));
    sink(line);
  });
  return { log, isDiskFull: () => full };
}

const wakeUpsOf = (platform: LocalPlatform, name: string) => (listener: () => void) =>
  platform.onMessage((queue) => {
    if (queue === name) listener();
  });
