import { describe, expect, test } from 'vitest';
import { eventNames } from '../../../shared/runs/run/event-names.ts';
import { failureClasses } from '../../../shared/runs/run/failure-classes.ts';
import { noticeOf } from '../../../shared/runs/run/notice.ts';
import type { Run } from '../../../shared/runs/run/run.ts';
import { claimedRun } from './example-run.ts';

const { checkAfter, status: _, ...base } = claimedRun();
const slot = { slot: 0, startedAt: base.createdAt, checkAfter };
const run = (state: object) => ({ ...base, ...state }) as Run;
const refusal = { kind: 'credits', message: 'No credits at https://pay.example/?token=abc.', at: base.createdAt };

const waiting = run({ status: 'waiting', starts: 1 });
const starting = run({ status: 'starting', starts: 1, ...slot });
const uncertain = run({ status: 'uncertain', starts: 1, reason: 'lost', ...slot });
const running = run({ status: 'running', agentRunId: 'r', progress: 0, ...slot });
const pause = { agentRunId: 'r', progress: 0, ...slot, reason: 'no credits', pausedAt: base.createdAt };
const paused = run({ status: 'paused', ...pause });
const copying = run({ status: 'copying', agentRunId: 'r', expected: [], partial: false, nodeErrors: [], checkAfter });
const delivered = { status: 'delivered', agentRunId: 'r', manifestKey: 'm.json', outputCount: 1 };

describe('the event of a move', () => {
  test.each<[string, Run, Run, string | undefined]>([
    ['its start', starting, running, 'Run Started'],
    ['a start that was in doubt', uncertain, running, 'Run Started'],
    ['that it goes on after a pause', paused, running, undefined],
    ['that it waits for its start', claimedRun(), waiting, undefined],
    ['a start refused for want of credits', starting, run({ ...waiting, refusal }), 'Run Waiting For Credits'],
    ['the next start refused for it', run({ ...starting, refusal }), run({ ...waiting, refusal }), undefined],
    ['a start refused otherwise', starting, run({ ...waiting, refusal: { ...refusal, kind: 'timeout' } }), undefined],
    ['that it stands still', running, paused, 'Run Waiting For Credits'],
    ['that its resume was refused', run({ ...running, pausedAt: base.createdAt }), paused, undefined],
    ['that it is being delivered', running, copying, undefined],
    ['its delivery', copying, run({ ...delivered, partial: false }), 'Run Delivered'],
    ['a delivery in part', copying, run({ ...delivered, partial: true }), 'Run Partially Delivered'],
    ['its failure', running, run({ status: 'failed', failure: 'deadline', reason: 'late' }), 'Run Failed'],
    ['its cancelling', running, run({ status: 'cancelled', reason: 'wrong' }), 'Run Cancelled'],
    ['that it was refused', claimedRun(), run({ status: 'rejected', reason: 'no video' }), 'Run Rejected'],
    ['that it was passed over', claimedRun(), run({ status: 'ignored', reason: 'ours' }), undefined],
    ['that it is seen to', running, run({ ...running, progress: 0.5 }), undefined],
  ])('%s', (_what, from, to, type) => expect(noticeOf(from, to)?.type).toBe(type));

  test('there are seven events', () => {
    expect(eventNames).toHaveLength(7);
  });

  test('the event of a failed run says what a person can do, for every failure class', () => {
    for (const failure of failureClasses) {
      const notice = noticeOf(running, run({ status: 'failed', failure, reason: 'x' }));
      expect(notice?.nextStep, failure).toMatch(/\w{3,}/);
    }
    const again = noticeOf(running, run({ status: 'failed', failure: 'deadline', reason: 'x', nextRunId: 'next' }));
    expect(again).toMatchObject({ nextRunId: 'next', nextStep: expect.stringContaining('tessera show next') });
  });

  test('an event suggests redrive only if outputs are left to copy', () => {
    const undelivered = { expected: [{ id: 'o' }], partial: false, nodeErrors: [], finishedAt: base.createdAt };
    const stepAfter = (state: object) => noticeOf(copying, run(state))?.nextStep;
    const failed = { status: 'failed', failure: 'delivery', reason: 'x', agentRunId: 'r' };
    expect(stepAfter({ ...failed, undelivered })).toContain(`tessera redrive ${base.id}`);
    expect(stepAfter(failed)).toContain(`tessera retry ${base.id}`);
    expect(stepAfter(failed)).not.toContain('redrive');
    expect(stepAfter({ ...delivered, partial: true, undelivered })).toContain(`tessera redrive ${base.id}`);
    expect(stepAfter({ ...delivered, partial: true })).toContain(`tessera retry ${base.id}`);
    expect(stepAfter({ ...delivered, partial: false })).toBe(undefined);
  });

  test('an event does not contain a link from a reason', () => {
    const told = JSON.stringify(noticeOf(starting, run({ ...waiting, refusal })));
    expect(told).toContain('No credits');
    expect(told).not.toMatch(/pay\.example|abc/);
  });
});
