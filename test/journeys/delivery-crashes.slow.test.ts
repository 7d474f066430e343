import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { redeliverRun } from '../../shared/runs/operate/redeliver-run.ts';
import { readRun } from '../../shared/runs/run/move-run.ts';
import { isEnded, type Run } from '../../shared/runs/run/run.ts';
import { shards, uploadingPk } from '../../shared/runs/run/run-items.ts';
import { type CrashPoint, crashingPorts } from '../support/crashing-ports.ts';
import { type DeliveryServer, deliveryServer } from '../support/delivery-server.ts';
import { smallMp4 } from '../support/file-server.ts';
import { type DeliveryWorld, deliveryWorld } from './delivery-world.ts';

type Process = ReturnType<typeof crashingPorts>;

let server: DeliveryServer;

beforeAll(async () => {
  server = await deliveryServer();
});
afterAll(() => server.close());

interface Story {
  readonly outputs: readonly string[];
  /** That cannot be had at first; what is missing for it is delivered anew. */
  readonly refused?: string;
  readonly bytes?: number;
}

const stories: readonly [name: string, story: Story, end: object][] = [
  [
    'delivers in part, then the rest anew',
    { outputs: ['o1', 'o2'], refused: 'o2.jpg' },
    { statuses: ['delivered', 'delivered'], outputs: 4, missing: [1, 0], objects: 6 },
  ],
  [
    'delivers what comes in parts',
    { outputs: ['o1'], bytes: 9 * 1024 * 1024 },
    { statuses: ['delivered'], outputs: 2, missing: [0], objects: 3 },
  ],
];

describe('a process that dies at any of its writes', () => {
  test.each(stories)(
    '%s, each once and whole, for one paid start',
    async (_name, story, end) => {
      const calm = await live(story);
      expect(calm.end).toEqual({ ...end, openUploads: 0, notes: 0, paid: 1 });
      let crashed = 0;
      // To die after one is to die before the next.
      for (let write = calm.before + 1; write <= calm.writes; write += 1) {
        const { end, crashes } = await live(story, { write, when: 'before' });
        expect({ write, ...end }).toEqual({ write, ...calm.end });
        crashed += crashes;
      }
      // The last writes are not the same in every life, so a few are never reached.
      expect(crashed).toBeGreaterThan((calm.writes - calm.before) * 0.8);
    },
    60_000,
  );
});

async function live({ outputs, refused, bytes }: Story, point?: CrashPoint) {
  const process = crashingPorts(point);
  const world = deliveryWorld(server, { deliver: { beside: ['thumbnail'] }, wrap: process.wrap });
  const { id } = await world.copying(...outputs);
  const before = process.writes.length;
  if (bytes !== undefined) server.files.set('o1.mp4', smallMp4(bytes));
  if (refused !== undefined) server.refused.set(refused, 500);
  const runs = [await untilEnd(world, process, id)];
  server.refused.clear();
  if (refused !== undefined) runs.push(await untilEnd(world, process, await redelivered(world, process, id)));
  const writes = process.writes.length;
  // What was left half done is thrown away a day later.
  for (let days = 0; days < 2; days += 1) {
    world.jump(24 * 3600);
    await world.reconcile().catch(() => {});
    process.restart();
  }
  const end = await endOf(world, runs);
  world.close();
  return { before, writes, crashes: process.crashes(), end };
}

async function redelivered(world: DeliveryWorld, process: Process, runId: string): Promise<string> {
  for (;;) {
    const run = await redeliverRun(world.deps, runId).catch(() => undefined);
    process.restart();
    if (run !== undefined) return run.id;
  }
}

async function untilEnd(world: DeliveryWorld, process: Process, runId: string): Promise<Run> {
  for (let round = 0; round < 40; round += 1) {
    await world.drain().catch(() => {});
    await world.reconcile().catch(() => {});
    process.restart();
    const run = await readRun(world.runs, runId);
    if (run !== undefined && isEnded(run)) return run;
    world.jump(300);
  }
  throw new Error(`Run ${runId} has not ended.`);
}

async function endOf(world: DeliveryWorld, runs: readonly Run[]) {
  const manifests = await Promise.all(runs.map((run) => world.manifestOf(run)));
  const delivered = manifests.at(-1)?.outputs ?? [];
  for (const { key, size } of delivered) expect(await world.deliveries.head(key)).toMatchObject({ size });
  const notes = await Promise.all(shards.map((shard) => world.runs.query({ pk: uploadingPk(shard) })));
  return {
    statuses: runs.map(({ status }) => status),
    outputs: delivered.length,
    missing: manifests.map(({ failed }) => failed.length),
    objects: (await world.deliveries.list()).objects.length,
    openUploads: (await world.deliveries.listUploads()).uploads.length,
    notes: notes.flatMap(({ items }) => items).length,
    paid: world.starts(),
  };
}
