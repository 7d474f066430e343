import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { silentLog } from '../../../shared/log.ts';
import { type LocalPlatform, openLocal } from '../../../shared/platform/local/index.ts';
import type { RunDeps } from '../../../shared/runs/run/deps.ts';
import { mayMove, moveRun, readRun } from '../../../shared/runs/run/move-run.ts';
import type { NextState, Run } from '../../../shared/runs/run/run.ts';
import { nextStatuses, type RunStatus } from '../../../shared/runs/run/run.ts';
import {
  companions,
  listedType,
  outboxPk,
  runFromItem,
  runToItem,
  shards,
} from '../../../shared/runs/run/run-items.ts';
import { claimedRun } from './example-run.ts';

let folder: string;
let platform: LocalPlatform;
let deps: RunDeps;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tessera-'));
  platform = openLocal({ folder });
  deps = { runs: platform.table('runs'), clock: () => Date.parse('2026-01-02T03:04:06.000Z'), log: silentLog };
});
afterEach(() => {
  platform.close();
  rmSync(folder, { recursive: true, force: true });
});

const checkAfter = '2026-01-02T03:05:00.000Z';
const startedAt = '2026-01-02T03:04:06.000Z';
const starting = (slot = 0): NextState => ({ status: 'starting', slot, startedAt, checkAfter, starts: 1 });
const running = (agentRunId = 'run-1'): NextState => ({
  status: 'running',
  slot: 0,
  startedAt,
  checkAfter,
  agentRunId,
  progress: 0,
});

async function waitingRun(id?: string): Promise<Run> {
  const run = claimedRun(id);
  await deps.runs.write({ put: runToItem(run), if: 'absent' });
  return move(run, { status: 'waiting', starts: 0 });
}

async function move(run: Run, next: NextState): Promise<Run> {
  const moved = await moveRun(deps, run, next);
  if (moved.outcome !== 'moved') throw new Error(`The move to ${next.status} was not made: ${moved.outcome}.`);
  return moved.run;
}

describe('the table of moves', () => {
  test('the table of moves leads from every state to an end, and from no end to another state', () => {
    const ends = Object.entries(nextStatuses).filter(([, next]) => next.length === 0);
    expect(ends.map(([status]) => status).sort()).toEqual(['cancelled', 'delivered', 'failed', 'ignored', 'rejected']);
    for (const [status, next] of Object.entries(nextStatuses))
      if (next.length > 0) expect([status, next.includes('failed' as never)]).toEqual([status, true]);
  });

  test('a move that is not in the table is refused without a write', async () => {
    const run = await waitingRun();
    await expect(moveRun(deps, run, running())).rejects.toThrow('cannot move from waiting to running');
    expect((await readRun(deps.runs, run.id))?.status).toBe('waiting');
  });

  test.each<[RunStatus, RunStatus]>([
    ['delivered', 'delivered'],
    ['failed', 'waiting'],
    ['copying', 'running'],
  ])('%s → %s is never allowed', (from, to) => expect(mayMove(from, to)).toBe(false));
});

describe('a move', () => {
  test('a move is written once: a second move from the same read finds the run changed', async () => {
    const run = await waitingRun();
    await move(run, starting());
    expect(await moveRun(deps, run, { status: 'cancelled', reason: 'late' })).toEqual({ outcome: 'changed' });
    expect((await readRun(deps.runs, run.id))?.status).toBe('starting');
  });

  test('a move to starting takes a slot and the agent’s lock, or is not written', async () => {
    const [first, second] = [await waitingRun('A'.repeat(24)), await waitingRun('B'.repeat(24))];
    await move(first, starting(0));
    const taken = await moveRun(deps, second, starting(1));
    expect(taken).toMatchObject({ outcome: 'taken', by: [{ type: 'agent-lock', runId: first.id }] });
    expect((await deps.runs.query({ pk: 'SLOTS#default' })).items).toHaveLength(1);
    expect((await readRun(deps.runs, second.id))?.status).toBe('waiting');
  });

  test('a move leaves exactly the items of the new state', async () => {
    const pks = ['WAITING#default', 'SLOTS#default', 'AGENT#agent-1', 'AGENTRUN#run-1'];
    const beside = async () =>
      (await Promise.all(pks.map((pk) => deps.runs.query({ pk })))).flatMap(({ items }) => items);
    let run = await waitingRun();
    const copying: NextState = {
      status: 'copying',
      agentRunId: 'run-1',
      expected: [],
      partial: false,
      nodeErrors: [],
      finishedAt: startedAt,
      checkAfter,
    };
    for (const next of [starting(), running(), copying]) {
      run = await move(run, next);
      expect((await beside()).map(({ sk }) => sk)).toEqual(
        companions(run)
          .filter(({ type }) => type !== listedType)
          .map(({ sk }) => sk)
          .sort(bySlotFirst),
      );
    }
    expect(await beside()).toHaveLength(1);
  });

  test('a move to an agent run that belongs to another run is not written', async () => {
    const first = await move(await move(await waitingRun('A'.repeat(24)), starting(0)), running());
    const second = await move(await waitingRun('B'.repeat(24)), starting(1));
    const moved = await moveRun(deps, second, { ...running(), slot: 1 } as NextState);
    expect(moved).toMatchObject({ outcome: 'taken', by: [{ type: 'agent-run', runId: first.id }] });
  });

  test('a move is written even if an operator removed the slot that it frees', async () => {
    const run = await move(await move(await waitingRun(), starting()), running());
    await deps.runs.write({ delete: { pk: 'SLOTS#default', sk: 'SLOT#0000' } });
    const failed = await move(run, { status: 'failed', failure: 'refused', reason: 'because' });
    expect((await readRun(deps.runs, run.id))?.status).toBe(failed.status);
  });
});

/** The order in which the partitions are asked above. */
const bySlotFirst = (a: string, b: string): number => Number(b.startsWith('SLOT')) - Number(a.startsWith('SLOT'));

describe('a run in the table', () => {
  test('a stored run is read back unchanged and is indexed while reconcile must check it', () => {
    const item = runToItem(claimedRun());
    expect(runFromItem(item)).toEqual(claimedRun());
    expect(item).toMatchObject({ ipk: expect.stringMatching(/^OPEN#[0-3]$/), isk: claimedRun().checkAfter });
    expect(runToItem({ ...claimedRun(), status: 'ignored', reason: 'no', checkAfter: undefined } as never).isk).toBe(
      undefined,
    );
  });
});

describe('the outbox of a move', () => {
  const pks = shards.map((shard) => outboxPk(shard));
  const outbox = async () =>
    (await Promise.all(pks.map((pk) => deps.runs.query({ pk })))).flatMap(({ items }) => items);

  test('a move writes its outbox item in the same transaction and sends a message', async () => {
    const notifyQueue = platform.queue('notices');
    deps = { ...deps, notifyQueue };
    const run = await move(await move(await waitingRun(), starting()), running());
    expect(await outbox()).toMatchObject([{ runId: run.id, revision: run.revision }]);
    const sent = (await notifyQueue.receive()).map(({ body }) => JSON.parse(body));
    expect(sent).toEqual([{ runId: run.id, revision: run.revision }]);
  });

  test('a move without an event writes no outbox item', async () => {
    await move(await waitingRun(), starting());
    expect(await outbox()).toEqual([]);
  });

  test('an end without an event writes an outbox item too, so that its records expire', async () => {
    const claimed = claimedRun();
    await deps.runs.write({ put: runToItem(claimed), if: 'absent' });
    await move(claimed, { status: 'ignored', reason: 'ours' });
    expect(await outbox()).toMatchObject([{ runId: claimed.id }]);
  });

  test('a move that is not written writes no outbox item', async () => {
    const run = await waitingRun();
    await move(run, starting());
    await moveRun(deps, run, { status: 'cancelled', reason: 'late' });
    expect(await outbox()).toEqual([]);
  });
});

describe('metrics of a move', () => {
  test('a move measures the time in the last state and counts the end', async () => {
    const measured: unknown[] = [];
    let now = Date.parse('2026-01-02T03:04:06.000Z');
    const note =
      (kind: string) =>
      (...all: unknown[]) =>
        void measured.push([kind, ...all]);
    const metrics = { count: note('count'), milliseconds: note('milliseconds'), bytes: note('bytes') };
    deps = { ...deps, metrics, clock: () => now };
    let run = await waitingRun();
    now += 1000;
    run = await move(run, starting());
    now += 2000;
    run = await move(run, running());
    now += 4000;
    // Progress that is noted is no new state.
    run = await move(run, { ...running(), progress: 0.5 } as NextState);
    now += 8000;
    await move(run, { status: 'failed', failure: 'deadline', reason: 'late' });
    expect(measured).toEqual([
      ['milliseconds', 'TimeInState', 1000, { status: 'claimed' }],
      ['milliseconds', 'TimeInState', 1000, { status: 'waiting' }],
      ['milliseconds', 'TimeInState', 2000, { status: 'starting' }],
      ['milliseconds', 'TimeInState', 12_000, { status: 'running' }],
      ['count', 'RunsEnded', 1, { status: 'failed' }],
      ['count', 'RunsFailed', 1, { class: 'deadline' }],
    ]);
  });
});
