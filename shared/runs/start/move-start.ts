import { refundEstimate } from '../capacity/quotas.ts';
import { followUpWrites } from '../create/follow-up-runs.ts';
import type { RunDeps } from '../run/deps.ts';
import { type Moved, moveRun, readRun } from '../run/move-run.ts';
import type { NextState, Run, Starting, Uncertain, Waiting } from '../run/run.ts';

/**
 * Moves a start on to what became of it, whoever else writes on its run meanwhile: a wish to cancel it must not undo
 * what the API said.
 */
export async function moveStart(
  deps: RunDeps,
  start: Starting | Uncertain,
  next: (run: Starting | Uncertain) => NextState,
): Promise<Moved> {
  let run: Run | undefined = start;
  while (isStill(run, start)) {
    const { to, writes } = await followUpWrites(deps, run, next(run));
    const refunds = mayHaveBegun(to) ? [] : await refundEstimate(deps, run);
    const moved = await moveRun(deps, run, to, [...refunds, ...writes]);
    if (moved.outcome === 'moved' || moved.outcome === 'taken') return moved;
    run = await readRun(deps.runs, start.id);
  }
  return { outcome: 'changed' };
}

const mayHaveBegun = (to: NextState): boolean =>
  to.status === 'uncertain' || (to.status === 'failed' && to.failure === 'unanswered');

const isStill = (run: Run | undefined, start: Starting | Uncertain): run is Starting | Uncertain =>
  (run?.status === 'starting' || run?.status === 'uncertain') && run.startedAt === start.startedAt;

/** The next state after a start that definitely never began: waiting again, unless it was cancelled. */
export function neverBegan(run: Starting | Uncertain, waiting: Pick<Waiting, 'notBefore' | 'refusal'> = {}): NextState {
  if (run.cancelAsked !== undefined) return { status: 'cancelled', reason: run.cancelAsked.reason };
  return { status: 'waiting', starts: run.starts, ...waiting };
}
