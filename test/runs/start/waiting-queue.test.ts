import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type LocalPlatform, openLocal } from '../../../shared/platform/local/index.ts';
import type { Item, Table } from '../../../shared/platform/ports.ts';
import type { Waiting } from '../../../shared/runs/run/run.ts';
import { companions } from '../../../shared/runs/run/run-items.ts';
import { firstOf, waitingLines } from '../../../shared/runs/start/waiting-queue.ts';
import { countingTable } from '../counting-table.ts';
import { claimedRun } from '../run/example-run.ts';

let folder: string;
let platform: LocalPlatform;
let table: Table;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tessera-lines-'));
  platform = openLocal({ folder });
  table = platform.table('runs');
});
afterEach(() => {
  platform.close();
  rmSync(folder, { recursive: true, force: true });
});

const waiting = (ruleId: string, number: number, priority = 5): Waiting => {
  const { checkAfter, ...run } = claimedRun(`${ruleId}-${number}`);
  const rule = { ...run.rule, id: ruleId, priority };
  return { ...run, rule, createdAt: new Date(1.7e12 + number * 1000).toISOString(), status: 'waiting', starts: 0 };
};

async function put(...runs: readonly Waiting[]): Promise<void> {
  const items = runs.flatMap((run) => companions(run).filter(({ type }) => type === 'waiting'));
  for (let start = 0; start < items.length; start += 100)
    await table.write(...items.slice(start, start + 100).map((item: Item) => ({ put: item })));
}

const range = (count: number) => Array.from({ length: count }, (_, number) => number);

describe('the lines in which runs wait', () => {
  test('are read by their heads only, however many wait in them', async () => {
    await put(...range(2000).map((number) => waiting('full', number)), waiting('other', 3000), waiting('vip', 4000, 9));
    const { table: counted, counts } = countingTable(table);
    const lines = await waitingLines(counted);
    expect(lines.map(({ head }) => head.ruleId)).toEqual(['vip', 'full', 'other']);
    expect(counts).toEqual({ queries: 4, items: 3, gets: 0 });
    for (let step = 0; step < 3; step += 1) await lines[1]?.advance();
    expect(lines[1]?.head.runId).toBe('full-3');
    expect(counts.items).toBeLessThanOrEqual(13);
  });

  test('are taken by priority, then by arrival over all rules', async () => {
    await put(waiting('b', 1), waiting('a', 2), waiting('a', 4), waiting('b', 3), waiting('z', 9, 8));
    const order: unknown[] = [];
    let lines = await waitingLines(table);
    for (let line = firstOf(lines); line !== undefined; line = firstOf(lines)) {
      const current = line;
      order.push(current.head.runId);
      if (!(await current.advance())) lines = lines.filter((each) => each !== current);
    }
    expect(order).toEqual(['z-9', 'b-1', 'a-2', 'b-3', 'a-4']);
  });

  test('are told apart whatever rules are called', async () => {
    const names = ['in/*', 'in/*#', 'in/*#a', 'in/', 'in/*.mp4|.mov', 'in/* 日本', 'in/*%23', 'x'.repeat(900)];
    await put(...names.flatMap((name, index) => [waiting(name, 2 * index), waiting(name, 2 * index + 1)]));
    const lines = await waitingLines(table);
    expect(lines.map(({ head }) => head.ruleId).sort()).toEqual([...names].sort());
    for (const line of lines) expect([await line.advance(), await line.advance()]).toEqual([true, false]);
  });
});
