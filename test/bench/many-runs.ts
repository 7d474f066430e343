import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openLocal } from '../../shared/platform/local/index.ts';
import type { Page, Table, Write } from '../../shared/platform/ports.ts';
import { listRuns } from '../../shared/runs/operate/list-runs.ts';
import { newRunId } from '../../shared/runs/run/ids.ts';
import type { Run } from '../../shared/runs/run/run.ts';
import { newRunWrites } from '../../shared/runs/run/run-items.ts';
import { now } from './clock.ts';
import { amountOf } from './short.ts';

const total = amountOf(100_000, 2_000);
const rules = 10;
const openOfRule = 40;
/** The most a transaction holds; a new run takes a few writes. */
const writesAtOnce = 100;

/** "The open runs of rule X" among a hundred thousand: which pages are read for it, and how long that takes. */
export async function openRunsOfRule() {
  const folder = mkdtempSync(join(tmpdir(), 'tessera-bench-'));
  const platform = openLocal({ folder });
  const table = platform.table('runs');
  const begin = now();
  let pending: Write[] = [];
  for (let index = 0; index < total; index += 1) {
    const writes = newRunWrites(aRun(index));
    if (pending.length + writes.length > writesAtOnce) {
      await table.write(...pending);
      pending = [];
    }
    pending.push(...writes);
  }
  await table.write(...pending);
  const fillSeconds = (now() - begin) / 1000;
  const pages: Page[] = [];
  const counted: Table = {
    ...table,
    get: () => Promise.reject(new Error('A list reads no single item.')),
    query: async (query) => {
      const page = await table.query(query);
      pages.push(page);
      return page;
    },
  };
  const times: number[] = [];
  let found = 0;
  for (let round = 0; round < amountOf(200, 5); round += 1) {
    pages.length = 0;
    const from = now();
    const { runs } = await listRuns({ runs: counted, clock: Date.now }, { ruleId: 'rule-3', open: true });
    times.push(now() - from);
    found = runs.length;
  }
  const itemsRead = pages.reduce((sum, { items }) => sum + items.length, 0);
  platform.close();
  rmSync(folder, { recursive: true, force: true });
  return { total, found, expected: openOfRule, pages: pages.length, itemsRead, times, fillSeconds };
}

function aRun(index: number): Run {
  const rule = index % rules;
  const isOpen = Math.floor(index / rules) % (total / rules / openOfRule) === 0;
  const at = new Date(Date.now() - index * 1000).toISOString();
  const base = {
    id: newRunId(),
    upload: { bucket: 'uploads', key: `in/${index}.mp4`, versionId: 'v1' },
    rule: { id: `rule-${rule}`, prefix: 'in/', agentId: 'agent-1', priority: 5 },
    ...{ attempt: 1, createdAt: at, updatedAt: at, revision: 1 },
  };
  return isOpen
    ? { ...base, status: 'waiting', starts: 0 }
    : { ...base, status: 'ignored', reason: 'it was there before the rule' };
}
