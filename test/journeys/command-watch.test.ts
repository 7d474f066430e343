import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { WriteStream } from 'node:tty';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { watchTable } from '../../functions/tessera/print/watch-view.ts';
import { watcherOfAll } from '../../functions/tessera/queries/watched-runs.ts';
import { tessera } from '../../functions/tessera/tessera.ts';
import type { World } from '../../functions/tessera/world/world.ts';
import { silentLog } from '../../shared/log.ts';
import { type LocalPlatform, openLocal } from '../../shared/platform/local/index.ts';
import type { Page, Table } from '../../shared/platform/ports.ts';
import { moveRun, readRun } from '../../shared/runs/run/move-run.ts';
import { noteOutput } from '../../shared/runs/run/output-items.ts';
import type { NextState, Run } from '../../shared/runs/run/run.ts';
import { newRunWrites } from '../../shared/runs/run/run-items.ts';
import { claimedRun } from '../runs/run/example-run.ts';
import { typed } from './run-command.ts';

let folder = '';
let platform: LocalPlatform;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tessera-watch-'));
  platform = openLocal({ folder: join(folder, '.tessera'), own: false });
});
afterEach(() => {
  platform.close();
  rmSync(folder, { recursive: true, force: true });
});

let made = 0;
async function newRun(more: Partial<Run> = {}): Promise<string> {
  made += 1;
  const createdAt = new Date().toISOString();
  const run = { ...claimedRun(`run${String(made).padStart(21, '0')}`), createdAt, ...more } as Run;
  await platform.table('runs').write(...newRunWrites(run));
  return run.id;
}

async function move(id: string, next: NextState): Promise<void> {
  const deps = { runs: platform.table('runs'), clock: Date.now, log: silentLog };
  const run = await readRun(deps.runs, id);
  if (run === undefined) throw new Error(`no run ${id}`);
  expect(await moveRun(deps, run, next)).toMatchObject({ outcome: 'moved' });
}

const checkAfter = '2100-01-01T00:00:00.000Z';
const slotted = { slot: 1, startedAt: '2026-01-01T00:00:00.000Z', checkAfter };
const starting: NextState = { status: 'starting', starts: 1, ...slotted };
const running = (progress: number): NextState => ({ status: 'running', agentRunId: 'a-1', progress, ...slotted });
const copying: NextState = {
  ...{ status: 'copying', agentRunId: 'a-1', partial: false, nodeErrors: [], checkAfter },
  ...{ expected: [{ id: 'one' }, { id: 'two' }], finishedAt: checkAfter },
};

/** `tessera watch …` in this process, as it goes on. */
function watching(...words: string[]) {
  process.env.INIT_CWD = folder;
  const lines: string[] = [];
  const said: string[] = [];
  const ended = tessera(['watch', ...words], { out: (line) => lines.push(line), err: (line) => said.push(line) });
  const saying = async (text: string) => {
    while (!lines.some((line) => line.includes(text))) await sleep(20);
  };
  return { lines, said, ended, saying };
}

test('watch --json prints every change of every run once, and ends when no run is open', async () => {
  const id = await newRun();
  const watch = watching('--until-done', '--json');
  await watch.saying('claimed');
  await move(id, { status: 'waiting', starts: 0 });
  await watch.saying('waiting');
  await move(id, starting);
  await move(id, running(0.25));
  await watch.saying('0.25');
  await move(id, copying);
  await watch.saying('copying');
  await noteOutput(platform.table('runs'), id, 'one', { status: 'failed', reason: 'gone' });
  await watch.saying('"delivered":0.5');
  await move(id, { status: 'delivered', agentRunId: 'a-1', partial: true, manifestKey: 'm.json', outputCount: 1 });
  expect(await watch.ended).toBe(0);
  const changes = watch.lines.map((line) => JSON.parse(line));
  expect(changes.every((change) => change.runId === id && change.key === 'in/talk.mov')).toBe(true);
  expect(
    changes
      .filter(({ status }) => status !== 'starting')
      .map(({ status, progress, delivered }) => [status, progress, delivered]),
  ).toEqual([
    ['claimed', undefined, undefined],
    ['waiting', undefined, undefined],
    ['running', 0.25, undefined],
    ['copying', undefined, 0],
    ['copying', undefined, 0.5],
    ['delivered', undefined, undefined],
  ]);
  expect(changes.at(-1)).toMatchObject({ ended: true, partial: true, outputCount: 1, manifestKey: 'm.json' });
});

test('watch also prints a run that begins and ends between two looks, and a failed run sets the exit code', async () => {
  await newRun({ upload: { bucket: 'uploads', key: 'in/stays.mov', versionId: 'v' } });
  const watch = watching('--until-done');
  await watch.saying('in/stays.mov: noticed');
  const id = await newRun();
  await move(id, { status: 'rejected', reason: 'it is no video' });
  await watch.saying('in/talk.mov was rejected: it is no video');
  await move((await openId('in/stays.mov')) ?? '', { status: 'ignored', reason: 'no rule takes it' });
  expect(await watch.ended).toBe(1);
});

async function openId(key: string): Promise<string | undefined> {
  const page = await platform.table('runs').query({ pk: `KEY#uploads/${key}` });
  return page.items.map(({ runId }) => String(runId))[0];
}

test('watch RUN also shows the attempts that follow, and ends with the last one', async () => {
  const first = await newRun();
  const watch = watching('in/talk.mov');
  await watch.saying(`${first}  in/talk.mov: noticed`);
  await move(first, { status: 'failed', reason: 'no link', failure: 'input-expired', nextRunId: 'n'.repeat(24) });
  await newRun({ id: 'n'.repeat(24), attempt: 2, status: 'waiting', starts: 0, checkAfter: undefined } as Partial<Run>);
  await watch.saying(`${'n'.repeat(24)}  in/talk.mov: waiting`);
  await move('n'.repeat(24), { status: 'cancelled', reason: 'enough' });
  expect(await watch.ended).toBe(1);
  expect(watch.lines.filter((line) => line.includes(`Its next attempt: tessera show ${'n'.repeat(24)}`))).toHaveLength(
    1,
  );
  expect((await typed(['watch', 'in/nothing.mov'], folder)).err).toContain('There is no run in/nothing.mov');
});

test('watch goes on until Ctrl-C when no run is open, and --rule shows only that rule', async () => {
  await newRun({ rule: { ...claimedRun().rule, id: 'other' } });
  const before = process.listenerCount('SIGINT');
  await newRun();
  const watch = watching('--rule', 'in/*');
  await watch.saying('in/talk.mov: noticed');
  expect(watch.lines).toHaveLength(1);
  expect(watch.said.join(' ')).toContain('Nothing runs in .tessera just now');
  process.emit('SIGINT');
  expect(await watch.ended).toBe(0);
  expect(process.listenerCount('SIGINT')).toBe(before);
  expect((await typed(['watch', '--rule', 'nobody'], folder)).err).toContain('There is no rule nobody');
});

test('a run that watch has shown as ended stays ended while the index of open runs lags behind', async () => {
  const id = await newRun();
  const runs = platform.table('runs');
  const first = new Map<string, Promise<Page>>();
  let isBehind = true;
  const late: Table = {
    ...runs,
    query: (query) => {
      if (query.index !== true || !isBehind) return runs.query(query);
      if (!first.has(query.pk)) first.set(query.pk, runs.query(query));
      return first.get(query.pk) ?? runs.query(query);
    },
  };
  const look = await watcherOfAll({ runs: late, clock: Date.now } as World, undefined);
  expect((await look()).open).toMatchObject([{ run: { id } }]);
  await move(id, { status: 'waiting', starts: 0 });
  await look();
  await move(id, { status: 'cancelled', reason: 'enough' });
  const looks = [await look()];
  isBehind = false;
  looks.push(await look());
  isBehind = true;
  looks.push(await look());
  expect(looks.flatMap(({ ended }) => ended)).toMatchObject([{ id, status: 'cancelled' }]);
  expect(looks.at(-1)?.open).toEqual([]);
});

test('on a terminal watch redraws its table, keeps ended runs above it, and counts those that do not fit', () => {
  const written: string[] = [];
  const terminal = { columns: 80, rows: 6, write: (text: string) => written.push(text) > 0 } as unknown as WriteStream;
  const view = watchTable('.tessera', terminal);
  const run = (key: string, state: NextState): Run =>
    ({ ...claimedRun(key.padEnd(24, '0')), upload: { bucket: 'uploads', key }, ...state }) as Run;
  const waiting = { run: run('in/c.mov', { status: 'waiting', starts: 0 }) };
  const edited = { run: run('in/b.mov', running(0.5)) };
  const shown = () => written.splice(0).join('').replace(paint, '');
  view.show({ open: [{ run: run('in/a.mov', copying), delivered: 0.5 }, edited, waiting], ended: [], further: 7 });
  const first = shown();
  expect(first).toContain('.tessera: 1 delivering, 1 editing, 8 waiting   (Ctrl-C ends)');
  expect(first).toMatch(/in\/a\.mov {2}█+░? {2}97 % {2}delivering/);
  expect(first).toContain('… and 2 more');
  const delivered = run('in/a.mov', {
    ...{ status: 'delivered', agentRunId: 'a-1', partial: false, manifestKey: 'm.json', outputCount: 2 },
  });
  view.show({ open: [edited], ended: [delivered], further: 0 });
  const second = shown();
  expect(second).toContain(`${up(3)}`);
  expect(second).toMatch(/✓ in\/a\.mov is delivered: 2 outputs/);
  expect(second).toMatch(/in\/b\.mov {2}█+░+ {2}49 % {2}editing\n$/);
  view.close();
});

const escapeLetter = String.fromCharCode(27);
const paint = new RegExp(`${escapeLetter}\\[\\d+m`, 'g');
const up = (lines: number): string => `${escapeLetter}[${lines}A${escapeLetter}[J`;
