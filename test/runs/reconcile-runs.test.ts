import { expect, test } from 'vitest';
import { silentLog } from '../../shared/log.ts';
import type { Item, Table } from '../../shared/platform/ports.ts';
import { reconcileRuns } from '../../shared/runs/reconcile-runs.ts';

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
