import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { InvalidInput, Missing } from '../../../shared/errors.ts';
import { askResume } from '../../../shared/runs/operate/resume-run.ts';
import { askCancel } from '../../../shared/runs/run/cancel-run.ts';
import { type Moved, moveRun, readRun } from '../../../shared/runs/run/move-run.ts';
import { isEnded, type NextState, nextStatuses, type Run, type RunStatus } from '../../../shared/runs/run/run.ts';
import { companions, listedType, newRunWrites } from '../../../shared/runs/run/run-items.ts';
import { type PipelineWorld, pipelineWorld } from '../../support/pipeline-world.ts';
import { claimedRun } from './example-run.ts';

let world: PipelineWorld;

beforeEach(() => {
  world = pipelineWorld({ outputs: { url: 'http://127.0.0.1:1', host: '127.0.0.1:1' } });
});
afterEach(() => world.close());

const at = '2026-01-02T03:04:05.000Z';
const held = { slot: 0, ruleSlot: 1, startedAt: at, checkAfter: '2026-01-02T09:00:00.000Z' };
const begun = { ...held, agentRunId: 'agent-run-1', progress: 0.5 };
const ended = { agentRunId: 'agent-run-1', reason: 'as it was' };

/** How a run gets into each state. */
const ways: Record<RunStatus, readonly object[]> = {
  claimed: [],
  gathering: [{ status: 'gathering', group: 'in/*#show', members: [], until: at, checkAfter: held.checkAfter }],
  restoring: [{ status: 'restoring', askedAt: at, checkAfter: held.checkAfter }],
  ignored: [{ status: 'ignored', reason: 'as it was' }],
  rejected: [{ status: 'rejected', reason: 'as it was' }],
  waiting: [{ status: 'waiting', starts: 1, notBefore: '2026-01-02T08:00:00.000Z' }],
  get starting() {
    return [...this.waiting, { status: 'starting', starts: 1, ...held }];
  },
  get uncertain() {
    return [...this.starting, { status: 'uncertain', starts: 1, reason: 'no answer', ...held }];
  },
  get running() {
    return [...this.starting, { status: 'running', ...begun }];
  },
  get paused() {
    return [...this.running, { status: 'paused', ...begun, reason: 'no credits', pausedAt: at }];
  },
  get copying() {
    const state = { agentRunId: 'agent-run-1', expected: [], partial: false, nodeErrors: [], finishedAt: at };
    return [...this.running, { status: 'copying', ...state, checkAfter: held.checkAfter }];
  },
  get delivered() {
    return [...this.copying, { status: 'delivered', ...ended, partial: false, manifestKey: 'm', outputCount: 1 }];
  },
  get failed() {
    return [...this.running, { status: 'failed', ...ended, failure: 'agent-failed' }];
  },
  get cancelled() {
    return [...this.running, { status: 'cancelled', ...ended }];
  },
};

async function runIn(status: RunStatus): Promise<Run> {
  let run: Run = claimedRun();
  await world.runs.write(...newRunWrites(run));
  for (const next of ways[status]) {
    const moved: Moved = await moveRun(world.deps, run, next as NextState);
    if (moved.outcome !== 'moved') throw new Error(`It could not be brought to ${status}.`);
    run = moved.run;
  }
  return run;
}

const statuses = Object.keys(nextStatuses) as RunStatus[];
const nowOf = async ({ id }: Run): Promise<Run> => (await readRun(world.runs, id)) as Run;

describe('cancelling a run', () => {
  const asksTheApi: readonly RunStatus[] = ['starting', 'uncertain', 'running', 'paused'];

  test.each(statuses)('cancelling a run that is %s ends it, waits for the API, or changes nothing', async (status) => {
    const run = await runIn(status);
    const answer = isEnded(run) ? 'ended' : asksTheApi.includes(status) ? 'asked' : 'cancelled';
    expect(await askCancel(world.deps, run.id, 'wrong cut')).toBe(answer);
    const after = await nowOf(run);
    expect(after.status).toBe(answer === 'cancelled' ? 'cancelled' : status);
    if (answer === 'ended') expect(after).toEqual(run);
    if (answer === 'asked') expect(after.cancelAsked?.reason).toBe('wrong cut');
    // Nothing that it held stays behind.
    const kept = new Set(companions(after).map(({ pk }) => pk));
    for (const { pk, sk, type } of companions(run))
      if (type !== listedType && !kept.has(pk)) expect(await world.runs.get({ pk, sk })).toBeUndefined();
  });
});

describe('resuming a run', () => {
  test.each(statuses)('resuming a run that is %s works, or is refused with a reason', async (status) => {
    const run = await runIn(status);
    const asked = askResume(world.deps, run.id);
    if (!['claimed', 'gathering', 'restoring', 'waiting', 'paused'].includes(status)) {
      await expect(asked).rejects.toThrow(InvalidInput);
      await expect(asked).rejects.toThrow('nothing to resume');
      expect(await nowOf(run)).toEqual(run);
      return;
    }
    await asked;
    const after = await nowOf(run);
    expect(after.status).toBe(status);
    if (status === 'paused') expect(after.resumeAsked).toBeDefined();
    if (status === 'waiting') expect(after).not.toHaveProperty('notBefore');
    if ('checkAfter' in after) expect(Date.parse(after.checkAfter)).toBe(world.clock());
  });

  test('resuming an unknown run is refused', async () => {
    await expect(askResume(world.deps, 'x'.repeat(24))).rejects.toThrow(Missing);
    await expect(askCancel(world.deps, 'x'.repeat(24), 'wrong cut')).rejects.toThrow(Missing);
  });
});
