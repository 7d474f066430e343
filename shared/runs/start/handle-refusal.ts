import { messageOf } from '../../errors.ts';
import { MosaicError, type MosaicErrorKind } from '../../mosaic/errors.ts';
import { isoAfter } from '../../platform/iso-time.ts';
import { endProbe, holdAccount, waitSeconds } from '../capacity/account-hold.ts';
import { learnLimit } from '../capacity/concurrency-limit.ts';
import { wakeSettle, wakeStartWaiting } from '../run/messages.ts';
import type { Starting } from '../run/run.ts';
import { slotFields } from '../run/state-fields.ts';
import type { StartDeps } from './deps.ts';
import { moveStart, neverBegan } from './move-start.ts';

/** A start that brought no agent run: it is wrong for good, must wait, or may have happened all the same. */
export async function afterRefusal(deps: StartDeps, run: Starting, error: unknown): Promise<void> {
  // Without a clear refusal, the API may have accepted the start.
  if (!(error instanceof MosaicError) || error.ambiguous) return becomeUncertain(deps, run, error);
  deps.log.warn('start.refused', { runId: run.id, kind: error.kind, error });
  const consequence = consequences[error.kind];
  if (consequence !== 'hold') await endProbe(deps, run.id);
  if (consequence === 'fail') {
    const moved = await moveStart(deps, run, () => ({ status: 'failed', reason: error.message, failure: 'refused' }));
    // Its next attempt, where the rule wants one, has a place of its own in the line.
    if (moved.outcome === 'moved' && moved.run.nextRunId !== undefined) await wakeStartWaiting(deps.startQueue);
    return;
  }
  const { seconds, itself } = await pauseFor(deps, run, error, consequence);
  const now = deps.clock();
  const refusal = { kind: error.kind, message: error.message, at: new Date(now).toISOString() };
  const notBefore = itself ? isoAfter(now, seconds) : undefined;
  await moveStart(deps, run, (fresh) => neverBegan(fresh, { notBefore, refusal }));
  if (seconds > 0) await wakeStartWaiting(deps.startQueue, seconds);
}

/** `fail`: the same start can never succeed. `wait`: this run tries later. `hold`: no start of this account would. */
const consequences: Record<MosaicErrorKind, 'fail' | 'wait' | 'hold'> = {
  'bad-request': 'fail',
  'not-found': 'fail',
  'too-large': 'fail',
  unprocessable: 'fail',
  unauthorised: 'hold',
  concurrency: 'hold',
  credits: 'hold',
  'rate-limited': 'hold',
  network: 'hold',
  timeout: 'hold',
  server: 'hold',
  unreadable: 'hold',
  // What a 403 means is not always known, so it is never the end of a run.
  forbidden: 'wait',
  conflict: 'wait',
};

/** For how long, and whether only this run waits; 0 seconds where a release is what it waits for. */
async function pauseFor(
  deps: StartDeps,
  run: Starting,
  error: MosaicError,
  consequence: 'wait' | 'hold',
): Promise<{ seconds: number; itself: boolean }> {
  if (consequence === 'wait') return { seconds: waitSeconds(run.starts, error.retryAfterSeconds), itself: true };
  const learned = error.kind === 'concurrency' ? await learnLimit(deps) : 'not-ours';
  // With runs of ours in flight the next start waits until one of them ends, which no time foresees.
  if (learned === 'learned' && error.retryAfterSeconds === undefined) {
    await endProbe(deps, run.id);
    return { seconds: 0, itself: false };
  }
  const { kind, message, retryAfterSeconds } = error;
  return { seconds: await holdAccount(deps, { kind, message, retryAfterSeconds, runId: run.id }), itself: false };
}

async function becomeUncertain(deps: StartDeps, run: Starting, error: unknown): Promise<void> {
  deps.log.warn('start.unanswered', { runId: run.id, error });
  const waitSeconds = deps.uncertainWaitSeconds;
  // From now, not from when it was sent first: the last of its tries may have been taken a moment ago.
  const checkAfter = isoAfter(deps.clock(), waitSeconds);
  await moveStart(deps, run, ({ starts, ...fresh }) => ({
    status: 'uncertain',
    ...slotFields(fresh),
    starts,
    reason: `the start was sent, but not answered: ${messageOf(error)}`,
    checkAfter,
  }));
  await wakeSettle(deps.settleQueue, [run.id], waitSeconds);
}
