import { afterAll, beforeAll, expect, test } from 'vitest';
import { readRun } from '../../shared/runs/move-run.ts';
import { redeliverRun } from '../../shared/runs/redeliver-run.ts';
import { isEnded, type Run } from '../../shared/runs/run.ts';
import { shards, uploadingPk } from '../../shared/runs/run-items.ts';
import { type CrashPoint, crashingPorts } from '../support/crashing-ports.ts';
import { type DeliveryServer, deliveryServer } from '../support/delivery-server.ts';
import { smallMp4 } from '../support/file-server.ts';
import { type DeliveryWorld, deliveryWorld } from './delivery-world.ts';

let server: DeliveryServer;

beforeAll(async () => {
  server = await deliveryServer();
});
afterAll(() => server.close());

/** In parts, so that it is begun, sent and published by calls of their own. */
const large = smallMp4(9 * 1024 * 1024);

test('a process that dies at any of its writes delivers in part, then the rest anew, each once and whole, for one paid start', async () => {
  const calm = await live();
  expect(calm.end).toMatchObject({
    first: 'delivered',
    second: 'delivered',
    outputs: 4,
    missing: 1,
    objects: 6,
    paid: 1,
  });
  let crashed = 0;
  // To die after one is to die before the next.
  for (let write = calm.before + 1; write <= calm.writes; write += 1) {
    const { end, crashes } = await live({ write, when: 'before' });
    expect({ write, ...end }).toEqual({ write, ...calm.end });
    crashed += crashes;
  }
  // The last writes are not the same in every life, so a few are never reached.
  expect(crashed).toBeGreaterThan((calm.writes - calm.before) * 0.8);
}, 120_000);

/** Two videos and a thumbnail of each, of which one cannot be had at first; then what is missing is delivered anew. */
async function live(point?: CrashPoint) {
  const process = crashingPorts(point);
  const world = deliveryWorld(server, { deliver: { beside: ['thumbnail'] }, wrap: process.wrap });
  const run = await world.copying('o1', 'o2');
  const before = process.writes.length;
  server.files.set('o1.mp4', large);
  server.refused.set('o2.jpg', 500);
  const first = await untilEnd(world, process, run.id);
  server.refused.clear();
  for (;;) {
    const asked = await redeliverRun(world.deps, run.id).catch(() => undefined);
    process.restart();
    if (asked !== undefined) break;
  }
  const second = await untilEnd(world, process, (await world.read(run.id)).nextRunId ?? '');
  const writes = process.writes.length;
  // Whatever was left half done is thrown away in the days that follow.
  for (let days = 0; days < 3; days += 1) {
    world.jump(24 * 3600);
    await world.reconcile().catch(() => {});
    process.restart();
  }
  return { before, writes, crashes: process.crashes(), end: await endOf(world, first, second) };
}

async function untilEnd(world: DeliveryWorld, process: ReturnType<typeof crashingPorts>, runId: string): Promise<Run> {
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

async function endOf(world: DeliveryWorld, first: Run, second: Run) {
  const manifest = await world.manifestOf(second);
  for (const { key, size } of manifest.outputs) expect(await world.deliveries.head(key)).toMatchObject({ size });
  const notes = await Promise.all(shards.map((shard) => world.runs.query({ pk: uploadingPk(shard) })));
  return {
    first: first.status,
    second: second.status,
    outputs: manifest.outputs.length,
    missing: (await world.manifestOf(first)).failed.length,
    objects: (await world.deliveries.list()).objects.length,
    openUploads: (await world.deliveries.listUploads()).uploads.length,
    notes: notes.flatMap(({ items }) => items).length,
    paid: world.starts(),
  };
}
