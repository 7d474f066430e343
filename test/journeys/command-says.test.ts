import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { wrapped } from '../../functions/local/wrap-text.ts';
import { readyAgents } from '../../shared/engine/agents/ready-agents.ts';
import { silentLog } from '../../shared/log.ts';
import { type LocalPlatform, openLocal } from '../../shared/platform/local/index.ts';
import { moveRun, readRun } from '../../shared/runs/run/move-run.ts';
import type { Run } from '../../shared/runs/run/run.ts';
import { keyPk, newRunWrites, spentKey, startedKey } from '../../shared/runs/run/run-items.ts';
import { claimedRun } from '../runs/run/example-run.ts';
import { jsonOf, typed } from './run-command.ts';

const [tighten = '', vertical = ''] = readyAgents.map(({ id }) => id);
let folder = '';
let platform: LocalPlatform;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tessera-says-'));
  platform = openLocal({ folder: join(folder, '.tessera') });
});
afterEach(() => {
  platform.close();
  rmSync(folder, { recursive: true, force: true });
});

const tessera = async (...words: string[]) => {
  const { code, out, err } = await typed(words, folder);
  return { code, said: (out + err).replaceAll('\n', ' ') };
};

async function apply(document: object, text = JSON.stringify(document)): Promise<void> {
  writeFileSync(join(folder, 'rules.json'), text);
  expect(await tessera('rules', 'apply', 'rules.json')).toMatchObject({ code: 0 });
}

let made = 0;
async function waitingRun(ruleId: string, more: Partial<Run> = {}): Promise<string> {
  made += 1;
  const { checkAfter: _, ...base } = claimedRun(`run${String(made).padStart(21, '0')}`);
  const createdAt = new Date(Date.now() + made).toISOString();
  const rule = { ...base.rule, id: ruleId };
  const run = { ...base, createdAt, rule, status: 'waiting', starts: 0, ...more } as Run;
  await platform.table('runs').write(...newRunWrites(run));
  return run.id;
}

const count = (key: { pk: string; sk: string }, value: number) =>
  platform.table('runs').write({ put: { ...key, type: 'counter', value } });

test('a rule that takes the outputs of another is paused and resumed by its name', async () => {
  const chain = { id: 'captions', after: 'cuts', agentId: vertical };
  await apply({ rules: [{ id: 'cuts', prefix: 'in/', agentId: tighten }, chain] });
  expect(await tessera('pause', '--rule', 'captions')).toMatchObject({ code: 0 });
  expect((await tessera('show', await waitingRun('captions'))).said).toContain('tessera resume --rule captions');
  expect((await tessera('resume', '--rule', 'captions')).said).toContain('Resumed');
});

test('a second pause says that the first one stays, and a rule that does not exist is not resumed', async () => {
  await tessera('pause', '--reason', 'first');
  expect((await tessera('pause', '--reason', 'second')).said).toMatch(/Paused already, since .* \(first\)/);
  expect(await tessera('resume', '--rule', 'nobody')).toMatchObject({
    code: 1,
    said: expect.stringContaining('There is no rule nobody'),
  });
});

test('the runs of a rule with several agents are listed by its own name', async () => {
  await apply({ rules: [{ id: 'formats', prefix: 'in/', agentIds: [tighten, vertical] }] });
  const ids = [await waitingRun(`formats@${tighten}`), await waitingRun(`formats@${vertical}`)];
  await waitingRun('another');
  const listed = (await jsonOf(['runs', '--rule', 'formats', '--open'], folder)) as unknown as { id: string }[];
  expect(listed.map(({ id }) => id)).toEqual(ids.toReversed());
  expect((await tessera('runs', '--rule', 'formats', '--limit', '1')).said).toContain('There are more');
  expect((await tessera('runs', '--rule', 'fromats')).said).toContain('There is no rule fromats. There are: formats');
});

test('a run that waits for the next hour or day says so, not that it waits for a slot', async () => {
  await apply({ budget: { perDay: 1, currency: 'EUR' }, rules: [{ id: 'in', prefix: 'in/', agentId: tighten }] });
  const costly = await waitingRun('in', { estimate: { amount: 0.3, currency: 'EUR' } });
  expect((await tessera('show', costly)).said).toContain('It starts when a slot is free');
  const now = new Date().toISOString();
  await count(spentKey(now.slice(0, 10)), 0.8);
  expect((await tessera('show', costly)).said).toContain("0.8 of the 1 EUR of today's budget are spent");
  const capped = await waitingRun('in', { rule: { ...claimedRun().rule, id: 'in', maxRunsPerHour: 2 } });
  await count(startedKey(now.slice(0, 13), 'in'), 2);
  expect((await tessera('show', capped)).said).toContain("2 of its rule's runs began in this hour");
  await count(startedKey(now.slice(0, 13)), 1000);
  expect((await tessera('show', capped)).said).toContain('1000 runs began in this hour');
});

test('resuming a run while everything is paused does not promise that it goes on', async () => {
  const id = await waitingRun('tighten');
  await tessera('pause', '--reason', 'tea');
  expect((await tessera('resume', id)).said).toMatch(/Starts are paused since .* \(tea\)/);
});

test('a key with several runs says that there are more', async () => {
  const first = await waitingRun('one');
  await waitingRun('two');
  expect((await tessera('runs', '--key', 'in/talk.mov')).said).toMatch(/ two +in\/talk\.mov .* one +in\/talk\.mov/);
  expect((await tessera('show', 'in/talk.mov')).said).toContain(
    '1 more run of this key: tessera runs --key "in/talk.mov"',
  );
  expect((await tessera('show', first)).said).not.toContain('more run');
});

test('a run that took and delivered one key is counted once', async () => {
  const createdAt = '2026-01-01T00:00:00.000Z';
  const runId = await waitingRun('one', { createdAt });
  const delivered = { pk: keyPk('deliveries', 'in/talk.mov'), sk: `${createdAt}#${runId}`, type: 'key', runId };
  await platform.table('runs').write({ put: delivered });
  await waitingRun('two');
  expect((await tessera('show', 'in/talk.mov')).said).toContain('1 more run of this key');
});

test('the reason why a run ended without a result is printed once', async () => {
  const id = await waitingRun('one');
  const deps = { runs: platform.table('runs'), clock: Date.now, log: silentLog };
  const run = (await readRun(deps.runs, id)) as Run;
  await moveRun(deps, run, { status: 'failed', reason: 'it rained', failure: 'agent-failed' });
  const { said } = await tessera('show', id);
  expect(said.split('it rained')).toHaveLength(2);
  expect(said).toMatch(/What happened .*noticed .*failed/);
});

test('events lists the events of all runs or of one run, as receivers got them', async () => {
  const event = (runId: string, type: string) => ({
    ...{ id: `${runId}-1`, type, time: '2026-05-01T10:00:00.000Z' },
    detail: { id: `${runId}-1`, runId, input: { key: `in/${runId}.mp4` } },
  });
  const told = [event('a', 'Run Started'), event('b', 'Run Started'), event('b', 'Run Delivered')];
  expect((await tessera('events')).said).toContain('Nothing was told');
  await platform.bus().put(...told);
  expect((await tessera('events')).said).toMatch(/a +Run Started +in\/a\.mp4 .* b +Run Delivered +in\/b\.mp4/);
  expect(await jsonOf(['events', 'b'], folder)).toEqual(
    told.slice(1).map(({ type, time, detail }) => ({ type, timestamp: time, data: detail })),
  );
  const newest = await tessera('events', '--limit', '1');
  expect(newest.said).toMatch(/Run Delivered .*There are 2 older ones/);
  expect(newest.said).not.toContain('Run Started');
  expect((await tessera('events', 'c')).said).toContain('Nothing was told of a run c');
});

test('rules edited from an older version are refused, even when they change nothing', async () => {
  const document = { rules: [{ prefix: 'in/', agentId: tighten }] };
  await apply(document);
  for (const words of [[], ['--dry-run']]) {
    const refused = await tessera('rules', 'apply', 'rules.json', '--based-on', '0', ...words);
    expect(refused).toMatchObject({ code: 1, said: expect.stringContaining('Meanwhile version 1 was applied') });
  }
  writeFileSync(join(folder, 'rules.json'), JSON.stringify({ ...document, maxHops: 1 }));
  expect((await tessera('rules', 'apply', 'rules.json', '--based-on', '1')).said).toContain('Version 2 holds now');
});

test('a rules file with a byte order mark is accepted, and a rollback to the same rules changes nothing', async () => {
  const text = JSON.stringify({ rules: [{ id: 'in', prefix: 'in/', agentId: tighten }] });
  await apply({}, `\uFEFF${text}`);
  await apply({ rules: [] });
  expect((await tessera('rules', 'rollback', '1')).said).toContain('Version 3 holds now');
  expect((await tessera('rules', 'rollback', '1')).said).toContain('hold already, as version 3');
});

test('JSON output has no terminal control characters, and parses to the same values', async () => {
  const key = 'in/\u009b31m\u001b[0m\u202e\u200f\n.mp4';
  const id = await waitingRun('in', { upload: { bucket: 'uploads', key, versionId: 'v' } });
  const { out } = await typed(['show', id, '--json'], folder);
  expect(out.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Bidi_Control}]/u);
  expect(JSON.parse(out)).toMatchObject({ run: { upload: { key } } });
  await waitingRun('other', { upload: { bucket: 'uploads', key, versionId: 'v' } });
  expect((await typed(['show', key], folder)).out).toContain('tessera runs --key KEY');
  expect((await typed(['runs'], folder)).out).toContain('in/?31m?[0m???.mp4');
});

test('only the host of a receiver’s URL is shown, since the URL may contain a secret', async () => {
  const notify = [{ url: 'https://hooks.example/T0P/s3cret?token=s3cret', events: ['Run Failed'] }];
  const rule = { id: 'a', agentId: 'b', priority: 5, notify, next: [{ id: 'c', notify }] };
  const id = await waitingRun('told', { rule } as never);
  const { out } = await typed(['show', id, '--json'], folder);
  expect(out).not.toContain('s3cret');
  const shown = [{ url: 'https://hooks.example/…', events: ['Run Failed'] }];
  expect(JSON.parse(out)).toMatchObject({
    run: { rule: { id: 'a', notify: shown, next: [{ id: 'c', notify: shown }] } },
  });
});

test('a sidecar that no rule takes is refused once, not once for each rule', async () => {
  const { said } = await tessera('rules', 'explain', 'in/a.mp4.tessera.json');
  expect(said.match(/which is no video/g)).toHaveLength(1);
});

test('a command that a user may copy is not broken over two lines', () => {
  const command = `tessera retry ${'a'.repeat(24)} --never-began`;
  expect(wrapped(`Look whether it ran. Only if not: ${command}`, 60)).toEqual([
    'Look whether it ran. Only if not:',
    command,
  ]);
  expect(wrapped('To go on, type tessera resume --rule shorts.', 36)).toEqual([
    'To go on, type',
    'tessera resume --rule shorts.',
  ]);
});

test('a backfill stops on Ctrl-C after the current page, and the same command goes on from there', async () => {
  const uploads = platform.bucket('uploads');
  await Promise.all(Array.from({ length: 1001 }, (_, number) => uploads.put(`old/${number}.mp4`, 'x')));
  const before = process.listenerCount('SIGINT');
  const ended = typed(['backfill', 'old/', '--json'], folder);
  while (process.listenerCount('SIGINT') === before) await setImmediate();
  process.emit('SIGINT');
  const { code, out, err } = await ended;
  const { sent, done } = JSON.parse(out);
  expect({ code, done }).toEqual({ code: 1, done: false });
  expect(err).toContain('From here on: tessera backfill "old/"');
  expect(await jsonOf(['backfill', 'old/'], folder)).toMatchObject({ sent: 1001 - sent, done: true });
});
