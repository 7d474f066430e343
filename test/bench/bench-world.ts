import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { copyOutputHandler } from '../../functions/copy-output.ts';
import { copiesAtOnce } from '../../functions/local/connect-pipeline.ts';
import { type Lane, pump } from '../../functions/local/queue-pump.ts';
import { listen } from '../../functions/local/server.ts';
import { notifyHandler } from '../../functions/notify.ts';
import { reconcileHandler } from '../../functions/reconcile.ts';
import { settleHandler } from '../../functions/settle.ts';
import { startRunHandler } from '../../functions/start-run.ts';
import { webhookHandler } from '../../functions/webhook.ts';
import { createLog } from '../../shared/log.ts';
import { mosaicClient } from '../../shared/mosaic/client.ts';
import type { Mosaic } from '../../shared/mosaic/mosaic.ts';
import { openLocal } from '../../shared/platform/local/index.ts';
import type { Bucket, EventBus, Item, Queue, Table } from '../../shared/platform/ports.ts';
import { parseRules } from '../../shared/runs/rules/parse-rules.ts';
import type { BareApi } from './bare-api.ts';
import { now } from './clock.ts';

export interface Move {
  readonly runId: string;
  readonly from: string;
  readonly to: string;
  readonly at: number;
}

interface Options {
  readonly api: BareApi;
  readonly slots: number;
  /** Objects tell of themselves, as a bucket's do; else a bench sends the events. */
  readonly notify: boolean;
  /** Outputs are fetched and delivered too. */
  readonly copies: boolean;
  /** Between the doors and what they call. */
  readonly wrap?: (ports: BenchPorts) => BenchPorts;
  /** Around each call of a door. */
  readonly around?: <T>(door: DoorName, call: () => Promise<T>) => Promise<T>;
}

export interface BenchPorts {
  readonly runs: Table;
  readonly uploads: Bucket;
  readonly deliveries: Bucket;
  readonly payloads: Bucket;
  readonly startQueue: Queue;
  readonly settleQueue: Queue;
  readonly copyQueue: Queue;
  readonly notifyQueue: Queue;
  readonly bus: EventBus;
  readonly mosaic: Mosaic;
}

export type DoorName = 'start-run' | 'settle' | 'copy-output' | 'notify' | 'webhook' | 'reconcile';

export const secret = 'whsk_bench';
const rules = { maxRunsPerHour: 1_000_000, rules: [{ id: 'bench', prefix: 'in/', agentId: 'agent-1' }] };

/** The pipeline as one machine has it: the same doors, pumps, server and store as `npm start`, without the engine. */
export async function openBenchWorld(options: Options) {
  const { api, slots, notify, copies, wrap = (ports) => ports, around = (_door, call) => call() } = options;
  const folder = mkdtempSync(join(tmpdir(), 'tessera-bench-'));
  let ahead = 0;
  const clock = () => Date.now() + ahead;
  const platform = openLocal({ folder, clock });
  if (notify) platform.notify('uploads', 'starts');
  const listeners = new Set<(move: Move) => void>();
  const putListeners = new Set<(item: Item, at: number) => void>();
  const lineListeners = new Set<(line: object) => void>();
  const faults: object[] = [];
  const log = createLog((line) => {
    for (const listener of lineListeners) listener(line);
    if (line.event === 'run.moved') for (const listener of listeners) listener({ ...line, at: now() } as never);
    if (line.level === 'error') faults.push(line);
  });
  const patient = { maxReceives: 1000 };
  const ports: BenchPorts = {
    runs: watched(platform.table('runs'), (item) => {
      for (const listener of putListeners) listener(item, now());
    }),
    uploads: platform.bucket('uploads'),
    deliveries: platform.bucket('deliveries'),
    payloads: platform.bucket('payloads'),
    startQueue: platform.queue('starts', patient),
    settleQueue: platform.queue('settles', patient),
    copyQueue: platform.queue('copies', patient),
    notifyQueue: platform.queue('notices', patient),
    bus: platform.bus(),
    mosaic: mosaicClient({ baseUrl: api.url, apiKey: async () => 'mk_bench_0123456789' }),
  };
  const server = await listen(0, () => ({
    webhook: (event) => around('webhook', () => webhook(event)),
    links: async () => new Response(null, { status: 404 }),
    engineApi: { fetch: () => new Response(null, { status: 404 }) },
  }));
  const url = `http://127.0.0.1:${server.port}`;
  platform.setLinkBase(`${url}/objects`);
  const parsed = parseRules(rules);
  const deps = {
    ...{ ...wrap(ports), clock, log, slots },
    rules: async () => parsed,
    webhookSecret: async () => secret,
    callbackUrl: `${url}/pipeline`,
    trustedHosts: [api.fileHost],
    ...{ uploadLinkSeconds: 3600, uncertainWaitSeconds: 5, runDeadlineSeconds: 14 * 3600 },
  };
  const webhook = webhookHandler(deps);
  const startRun = startRunHandler(deps);
  const settle = settleHandler(deps);
  const copyOutput = copyOutputHandler(deps);
  const tell = notifyHandler({ ...deps, signingSecrets: async () => [] });
  const reconcile = reconcileHandler(deps);
  const lane = (name: string, queue: Queue, door: DoorName, call: Lane['door'], more: Partial<Lane> = {}): Lane => ({
    ...{ name, queue, door: (event) => around(door, () => call(event)), concurrency: 4, ...more },
  });
  const lanes: readonly Lane[] = [
    lane('starts', ports.startQueue, 'start-run', startRun, { concurrency: 1, batch: 10 }),
    lane('settles', ports.settleQueue, 'settle', settle),
    lane('notices', ports.notifyQueue, 'notify', tell, { ownPauses: true }),
    ...(copies ? [lane('copies', ports.copyQueue, 'copy-output', copyOutput, { concurrency: copiesAtOnce })] : []),
  ];
  const wakeUps = (name: string) => (listener: () => void) =>
    platform.onMessage((queue) => {
      if (queue === name) listener();
    });
  const pumps = lanes.map((lane) => pump(lane, wakeUps(lane.name), log));
  api.order({ kind: 'behave', secret });
  return {
    ...{ ...ports, clock, folder, faults },
    webhookUrl: (runId: string) => `${url}/pipeline/webhook/${runId}`,
    reconcile: () => around('reconcile', reconcile),
    /** Nobody wants to wait for what is due in a minute. */
    forward: (seconds: number) => {
      ahead += seconds * 1000;
    },
    onMove: (listener: (move: Move) => void) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    onLine: (listener: (line: object) => void) => void lineListeners.add(listener),
    /** Each time that an item was put into the runs table. */
    onPut: (listener: (item: Item, at: number) => void) => {
      putListeners.add(listener);
      return () => void putListeners.delete(listener);
    },
    async close() {
      await Promise.all(pumps.map(({ stop }) => stop(2000)));
      await server.close();
      platform.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const watched = (table: Table, onPut: (item: Item) => void): Table => ({
  ...table,
  write: async (...writes) => {
    const written = await table.write(...writes);
    for (const write of writes) if (written.done && 'put' in write) onPut(write.put);
    return written;
  },
});

export type BenchWorld = Awaited<ReturnType<typeof openBenchWorld>>;
