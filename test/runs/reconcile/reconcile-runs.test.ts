import { afterAll, beforeAll, expect, test } from 'vitest';
import { silentLog } from '../../../shared/log.ts';
import type { Item, Table } from '../../../shared/platform/ports.ts';
import { reconcileRuns } from '../../../shared/runs/reconcile/reconcile-runs.ts';
import { newRunWrites } from '../../../shared/runs/run/run-items.ts';
import { type FileServer, serveFile } from '../../support/file-server.ts';
import { pipelineWorld } from '../../support/pipeline-world.ts';
import { claimedRun } from '../run/example-run.ts';

let outputs: FileServer;

beforeAll(async () => {
  outputs = await serveFile();
});
afterAll(() => outputs.close());

const due: Item[] = Array.from({ length: 1000 }, (_, number) => {
  const id = `run-${String(number).padStart(4, '0')}`;
  return { pk: `RUN#${id}`, sk: 'RUN', type: 'run', ipk: 'OPEN#0', isk: '2026-01-01', id };
});

test('wakes a bounded number in each pass, and every run in its turn', async () => {
  const items = new Map<string, Item>();
  const runs: Table = {
    get: async ({ sk }) => items.get(sk),
    write: async (...writes) => {
      for (const write of writes) {
        if ('put' in write) items.set(write.put.sk, write.put);
        if ('delete' in write) items.delete(write.delete.sk);
      }
      return { done: true };
    },
    query: async ({ pk, cursor = '0', limit = 1000 }) => {
      if (pk !== 'OPEN#0') return { items: [] };
      const end = Number(cursor) + limit;
      return { items: due.slice(Number(cursor), end), ...(end < due.length && { next: String(end) }) };
    },
  };
  const woken: string[] = [];
  const settleQueue = {
    send: async (...all: { body: { runId: string } }[]) => void woken.push(...all.map(({ body }) => body.runId)),
  };
  const deps = { runs, clock: () => Date.parse('2026-01-02'), log: silentLog, settleQueue, startQueue: settleQueue };
  for (const pass of [1, 2, 3, 4]) {
    await reconcileRuns(deps as unknown as Parameters<typeof reconcileRuns>[0]);
    expect(new Set(woken).size).toBe(250 * pass);
  }
  // None of them was settled, so it begins again.
  await reconcileRuns(deps as unknown as Parameters<typeof reconcileRuns>[0]);
  expect(woken.slice(-250)).toEqual(woken.slice(0, 250));
});

test('measures what is under way: how many, how many of them stand still, and how old the oldest is', async () => {
  const world = pipelineWorld({ outputs, slots: 1 });
  const measured: Record<string, number[]> = { OpenRuns: [], StuckRuns: [], OldestOpenSeconds: [], SlotsTaken: [] };
  const count = (name: string, value = 1) => void measured[name]?.push(value);
  const metrics = { count, milliseconds: () => {}, bytes: () => {} };
  await reconcileRuns({ ...world.deps, metrics });
  await world.upload('in/running.mov');
  await world.drain();
  world.jump(100);
  await world.upload('in/waiting.mov');
  await world.drain();
  await reconcileRuns({ ...world.deps, metrics });
  // Woken again and again, and never looked at.
  await world.runs.write(...newRunWrites(claimedRun('B'.repeat(24))));
  world.jump(1000);
  await reconcileRuns({ ...world.deps, metrics });
  // At the first look there was nothing to tell.
  expect(measured).toEqual({
    ...{ OpenRuns: [2, 3], StuckRuns: [0, 2], OldestOpenSeconds: [100, 1100], SlotsTaken: [1, 1] },
  });
  world.close();
});

test('where reconcile comes seldom, a run that is due for as long as its passes are apart does not stand still yet', async () => {
  const world = pipelineWorld({ outputs });
  const stuck: number[] = [];
  const count = (name: string, value = 1) => void (name === 'StuckRuns' && stuck.push(value));
  const deps = { ...world.deps, metrics: { count, milliseconds: () => {}, bytes: () => {} }, periodSeconds: 3600 };
  await world.runs.write(...newRunWrites(claimedRun('B'.repeat(24))));
  for (const _pass of [1, 2, 3, 4]) {
    world.jump(3600);
    await reconcileRuns(deps);
  }
  expect(stuck).toEqual([0, 0, 0, 1]);
  world.close();
});

test('looks at every run though the parts of old copies cannot be thrown away', async () => {
  const world = pipelineWorld({ outputs });
  await world.upload('in/talk.mov');
  await world.drain();
  const place = { pk: 'UPLOADING#0', sk: '2025-01-01', type: 'uploading', runId: 'none', outputId: 'o1' };
  await world.runs.write({ put: { ...place, key: 'a.mp4', begunAt: '2025-01-01', uploadId: 'u1' } });
  const deliveries = { ...world.deliveries, abandon: () => Promise.reject(new Error('Access denied.')) };
  world.script.finish(world.agentRunOf(await world.runOf('in/talk.mov')));
  world.jump(300);
  await expect(reconcileRuns({ ...world.deps, deliveries })).rejects.toThrow('Access denied.');
  await world.drain();
  expect((await world.runOf('in/talk.mov')).status).toBe('delivered');
  world.close();
});
