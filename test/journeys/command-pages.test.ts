import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readyAgents } from '../../shared/engine/agents/ready-agents.ts';
import { type LocalPlatform, openLocal } from '../../shared/platform/local/index.ts';
import type { Run } from '../../shared/runs/run/run.ts';
import { newRunWrites } from '../../shared/runs/run/run-items.ts';
import { claimedRun } from '../runs/run/example-run.ts';
import { jsonOf, typed } from './run-command.ts';

const [tighten = '', vertical = ''] = readyAgents.map(({ id }) => id);
const formats = [`formats@${tighten}`, `formats@${vertical}`];
let folder = '';
let platform: LocalPlatform;
/** Newest last; several begin in one moment, as uploads that arrive together do. */
const ids: string[] = [];
const isOpen = (number: number) => number % 3 === 0;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tessera-pages-'));
  platform = openLocal({ folder: join(folder, '.tessera') });
  writeFileSync(
    join(folder, 'rules.json'),
    JSON.stringify({ rules: [{ id: 'formats', prefix: 'in/', agentIds: [tighten, vertical] }] }),
  );
  expect((await typed(['rules', 'apply', 'rules.json'], folder)).code).toBe(0);
  const firstMs = Date.now() - 60_000;
  for (let number = 0; number < 17; number += 1) {
    // Where ids of one moment do not sort as they were made.
    const id = `${String.fromCharCode(122 - number)}${String(number).padStart(23, '0')}`;
    const { checkAfter: _, ...base } = claimedRun(id);
    const createdAt = new Date(firstMs + Math.floor(number / 4) * 1000).toISOString();
    const rule = { ...base.rule, id: formats[number % 2] ?? '', of: 'formats' };
    const state = isOpen(number) ? { status: 'waiting', starts: 0 } : { status: 'ignored', reason: 'for the test' };
    await platform.table('runs').write(...newRunWrites({ ...base, createdAt, rule, ...state } as Run));
    ids.push(id);
  }
});
afterAll(() => {
  platform.close();
  rmSync(folder, { recursive: true, force: true });
});

type Listed = { id: string; createdAt: string; status: string };
const list = (...words: string[]) => jsonOf(['runs', ...words], folder) as unknown as Promise<Listed[]>;

/** Page after page, as a person or a script goes on behind the last one. */
async function pages(size: number, ...words: string[]): Promise<Listed[]> {
  const all: Listed[] = [];
  for (;;) {
    const last = all.at(-1);
    const page = await list(...words, '--limit', String(size), ...(last ? ['--after', last.id] : []));
    all.push(...page);
    if (page.length < size) return all;
  }
}

test.each([
  ['of all days', []],
  ['of a rule with several agents', ['--rule', 'formats']],
  ['of a key', ['--key', 'in/talk.mov']],
  ['of a state', ['--status', 'ignored']],
])('pages of the list %s hold each run once, in the order of the whole list', async (_, words) => {
  const whole = await list(...words, '--limit', '100');
  expect(new Set(whole.map(({ id }) => id)).size).toBe(
    words.includes('ignored') ? ids.filter((_id, n) => !isOpen(n)).length : 17,
  );
  for (const size of [2, 5, 17]) expect(await pages(size, ...words)).toEqual(whole);
});

test('the open runs of a rule are listed first, and each half newest first', async () => {
  const whole = await list('--rule', 'formats');
  const open = whole.filter(({ status }) => status === 'waiting');
  expect(whole.slice(0, open.length)).toEqual(open);
  for (const half of [open, whole.slice(open.length)])
    expect(half.map(({ createdAt, id }) => `${createdAt}#${id}`)).toEqual(
      half
        .map(({ createdAt, id }) => `${createdAt}#${id}`)
        .toSorted()
        .toReversed(),
    );
});

test('an incomplete list of runs says how to go on, and a complete one does not', async () => {
  const some = await typed(['runs', '--limit', '3'], folder);
  const last = some.out.trim().split('\n').at(-1)?.split(' ')[0];
  expect(some.err).toContain(`--after ${last}`);
  expect((await typed(['runs', '--limit', '17'], folder)).err).toBe('');
  expect((await typed(['runs', '--rule', 'formats', '--limit', '17'], folder)).err).toBe('');
  expect((await typed(['runs', '--after', 'q'.repeat(24)], folder)).err).toContain('there is no such run');
});

test('--after accepts a run id that begins like an option', async () => {
  const id = `-${'b'.repeat(23)}`;
  const createdAt = new Date(Date.now() - 30_000).toISOString();
  await platform.table('runs').write(...newRunWrites({ ...claimedRun(id), createdAt }));
  expect((await list('--after', id)).length).toBe(17);
  expect((await typed(['show', id], folder)).code).toBe(0);
});
