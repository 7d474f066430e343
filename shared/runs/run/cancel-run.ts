import { Missing } from '../../errors.ts';
import type { ControlDeps } from './deps.ts';
import { wakeSettle } from './messages.ts';
import { moveRun, readRun } from './move-run.ts';
import { isEnded, type NextState, type Run } from './run.ts';
import { sameState } from './state-fields.ts';

/**
 * `cancelled`: no agent run was in flight, so the run has ended. `asked`: settle cancels the agent run and then asks the
 * API for its state. `ended`: the run had already ended.
 */
export type CancelAnswer = 'cancelled' | 'asked' | 'ended';

/** Cancels a run in any state, or the attempt that replaced it. Idempotent. */
export async function askCancel(deps: ControlDeps, runId: string, reason: string): Promise<CancelAnswer> {
  for (let id = runId; ; ) {
    const run = await readRun(deps.runs, id);
    if (run === undefined) throw new Missing(`There is no run ${id}.`);
    if (isEnded(run)) {
      if (run.nextRunId === undefined) return 'ended';
      id = run.nextRunId;
      continue;
    }
    const next = cancelled(deps, run, reason);
    const moved = await moveRun(deps, run, next);
    if (moved.outcome !== 'moved') continue;
    // It held no slot, so no other run waits for one.
    if (next.status === 'cancelled') return 'cancelled';
    await wakeSettle(deps.settleQueue, [id]);
    return 'asked';
  }
}

function cancelled(deps: ControlDeps, run: Run, reason: string): NextState {
  const now = new Date(deps.clock()).toISOString();
  const asked = run.cancelAsked ?? { at: now, reason };
  switch (run.status) {
    case 'starting':
    case 'uncertain':
      // settle-start first finds out whether it started; the time of that check stays the same.
      return sameState(run, { cancelAsked: asked });
    case 'running':
    case 'paused':
      // Due at once, so that reconcile finds it if the message is lost.
      return { ...sameState(run, { cancelAsked: asked }), checkAfter: now };
    case 'copying':
      return { status: 'cancelled', agentRunId: run.agentRunId, reason, cancelAsked: asked };
    default:
      return { status: 'cancelled', reason, cancelAsked: asked };
  }
}
