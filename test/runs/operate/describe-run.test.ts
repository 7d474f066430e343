import { describe, expect, test } from 'vitest';
import { describeRun } from '../../../shared/runs/operate/describe-run.ts';
import type { Run } from '../../../shared/runs/run/run.ts';
import { claimedRun } from '../run/example-run.ts';

const { checkAfter, ...base } = claimedRun();
const at = base.createdAt;
const slot = { slot: 0, startedAt: at, agentRunId: 'r', progress: 0.5, checkAfter };

describe('one sentence says where a run is', () => {
  test.each<[run: Run, words: string]>([
    [{ ...claimedRun(), parked: { at, reason: 'access denied.', times: 1 } }, 'parked, since we may not read it'],
    [
      { ...base, status: 'gathering', awaits: 'a.tessera.json', members: [], until: at, checkAfter },
      'its sidecar a.tessera.json',
    ],
    [
      { ...base, status: 'gathering', awaits: 'cuts/a.mp4', members: [], until: at, checkAfter },
      'waiting for cuts/a.mp4.',
    ],
    [{ ...base, status: 'gathering', group: 'g', members: [{ key: 'a' }], until: at, checkAfter }, '1 file so far'],
    [{ ...base, status: 'restoring', askedAt: at, checkAfter }, 'restored from the archive'],
    [{ ...base, status: 'waiting', starts: 0, attempt: 2 }, 'waiting to be started (attempt 2)'],
    [{ ...base, status: 'running', ...slot, cancelAsked: { at, reason: 'x' } }, '(50 %) and is to be cancelled'],
    [{ ...base, status: 'paused', ...slot, reason: 'no credits.', pausedAt: at }, 'is paused: no credits.'],
    [{ ...base, status: 'failed', failure: 'deadline', reason: 'too slow.', nextRunId: 'n' }, 'tried again as run n'],
  ])('%j', (run, words) => {
    expect(describeRun(run)).toContain(words);
    expect(describeRun(run)).toContain('in/talk.mov');
  });
});
