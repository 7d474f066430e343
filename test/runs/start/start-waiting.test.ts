import { expect, test } from 'vitest';
import { silentLog } from '../../../shared/log.ts';
import type { Mosaic } from '../../../shared/mosaic/mosaic.ts';
import type { Item, Table } from '../../../shared/platform/ports.ts';
import { slotKey } from '../../../shared/runs/run/run-items.ts';
import type { StartDeps } from '../../../shared/runs/start/deps.ts';
import { startWaiting } from '../../../shared/runs/start/start-waiting.ts';
import { countingTable, madePartition } from '../counting-table.ts';

const arrival = (number: number) => new Date(1.7e12 + number * 1000).toISOString();

/** 100,000 runs of a rule that is full, and behind them one of another rule. */
const line = madePartition(100_001, (index): Item => {
  const ruleId = index < 100_000 ? 'full' : 'next';
  const runId = `${ruleId}-${index}`;
  const sk = `4#${ruleId}#${arrival(index)}#${runId}`;
  return { pk: 'WAITING#default', sk, type: 'waiting', runId, ruleId, agentId: ruleId, arrival: arrival(index) };
});

test.each([1, 10])('with 100,000 runs waiting and %i slots a wake reads a handful of items', async (slots) => {
  const runs = new Map<string, Item>();
  const asked: string[] = [];
  const made: Table = {
    get: async ({ pk }) => {
      if (!pk.startsWith('RUN#')) return runs.get(pk);
      asked.push(pk.slice(4));
      const [ruleId = ''] = pk.slice(4).split('-');
      const rule = { id: ruleId, agentId: ruleId, prefix: '', priority: 5, ...(ruleId === 'full' && { slots: 1 }) };
      const base = { id: pk.slice(4), upload: { bucket: 'uploads', key: 'a.mp4' }, attempt: 1, revision: 1, starts: 0 };
      return { pk, sk: 'RUN', type: 'run', status: 'waiting', createdAt: arrival(1), ...base, rule };
    },
    write: async () => ({ done: false, conflicts: [{ index: 0 }] }),
    query: async (query) => {
      if (query.pk === 'WAITING#default') return line(query);
      if (query.pk === 'RULESLOTS#full') return { items: [{ ...slotKey(0), type: 'rule-slot', runId: 'x' }] };
      return { items: [] };
    },
  };
  const { table, counts } = countingTable(made);
  await startWaiting({
    ...{ runs: table, slots, clock: () => 1.8e12, log: silentLog, callbackUrl: '', uploadLinkSeconds: 3600 },
    ...{ uncertainWaitSeconds: 600, mosaic: {} as Mosaic },
    uploads: {
      name: 'uploads',
      head: async () => ({ key: 'a.mp4', size: 7, etag: 'e', versionId: 'v', metadata: {}, lastModified: new Date() }),
      link: async () => ({ url: 'http://x', expiresAt: new Date(1.9e12) }),
    } as unknown as StartDeps['uploads'],
    ...{ startQueue: { send: async () => {} }, settleQueue: { send: async () => {} } },
  } as unknown as StartDeps);
  // The full rule is asked for once, and the one behind it gets its turn.
  expect(asked).toEqual(['full-0', 'next-100000']);
  expect(counts.items).toBeLessThan(20);
  expect(counts.queries).toBeLessThan(20);
});
