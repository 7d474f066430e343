import type { Write } from '../../platform/ports.ts';
import type { NextState, Run } from '../run/run.ts';
import { chainWrites } from './chained-runs.ts';
import type { FollowUpDeps } from './deps.ts';
import { mayTryAgain, nextAttemptWrites } from './next-attempt.ts';

/** Adds what follows from a run's next state: its next attempt, or the runs that take its outputs. */
export async function followUpWrites(
  deps: FollowUpDeps,
  run: Run,
  next: NextState,
): Promise<{ to: NextState; writes: readonly Write[] }> {
  // A cancelled run must not cause further costs.
  if (run.cancelAsked !== undefined) return { to: next, writes: [] };
  if (next.status === 'failed' && (await mayTryAgain(deps, run, next.failure))) {
    const { run: attempt, writes } = await nextAttemptWrites(deps, run);
    return { to: { ...next, nextRunId: attempt.id }, writes };
  }
  // A partial set of outputs is not used as an input.
  if (next.status !== 'copying' || next.partial || run.status === 'copying') return { to: next, writes: [] };
  const limits = run.rule.next === undefined ? undefined : await deps.rules?.();
  const renderIds = next.expected.filter(({ kind }) => kind === undefined).map(({ id }) => id);
  return { to: next, writes: chainWrites({ ...deps, limits }, run, renderIds) };
}
