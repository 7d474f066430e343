import { messageOf } from '../errors.ts';
import { MosaicError, type MosaicErrorKind } from '../mosaic/errors.ts';
import { holdAccount, waitSeconds } from './account-hold.ts';
import { wakeSettle, wakeStartWaiting } from './messages.ts';
import { moveRun } from './move-run.ts';
import type { NextState, Starting } from './run.ts';
import type { StartDeps } from './start-agent-run.ts';

/** A start that brought no agent run: it is wrong for good, must wait, or may have happened all the same. */
export async function afterRefusal(deps: StartDeps, run: Starting, error: unknown): Promise<void> {
  // Whoever is not known to have said no may have said yes.
  if (!(error instanceof MosaicError) || error.ambiguous) return becomeUncertain(deps, run, error);
  deps.log.warn('start.refused', { runId: run.id, kind: error.kind, error });
  const consequence = consequences[error.kind];
  if (consequence === 'fail') {
    await moveRun(deps, run, { status: 'failed', reason: error.message, failure: 'refused' });
    return;
  }
  const seconds =
    consequence === 'hold' ? await holdAccount(deps, error) : waitSeconds(run.starts, error.retryAfterSeconds);
  await moveRun(deps, run, backToWaiting(deps.clock(), run, error, consequence === 'hold' ? undefined : seconds));
  await wakeStartWaiting(deps.startQueue, seconds);
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

function backToWaiting(now: number, run: Starting, error: MosaicError, waitSeconds?: number): NextState {
  return {
    status: 'waiting',
    starts: run.starts,
    notBefore: waitSeconds === undefined ? undefined : new Date(now + waitSeconds * 1000).toISOString(),
    refusal: { kind: error.kind, message: error.message, at: new Date(now).toISOString() },
  };
}

async function becomeUncertain(deps: StartDeps, run: Starting, error: unknown): Promise<void> {
  deps.log.warn('start.unanswered', { runId: run.id, error });
  const waitSeconds = deps.uncertainWaitSeconds;
  await moveRun(deps, run, {
    status: 'uncertain',
    slot: run.slot,
    starts: run.starts,
    startedAt: run.startedAt,
    reason: `the start was sent, but not answered: ${messageOf(error)}`,
    checkAfter: new Date(Date.parse(run.startedAt) + waitSeconds * 1000).toISOString(),
  });
  await wakeSettle(deps.settleQueue, [run.id], waitSeconds);
}
