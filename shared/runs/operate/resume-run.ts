import { InvalidInput, Missing } from '../../errors.ts';
import { releaseAccount } from '../capacity/account-hold.ts';
import { wakeHolders } from '../capacity/wake-slot-holders.ts';
import type { ControlDeps } from '../run/deps.ts';
import { wakeSettle, wakeStartRun, wakeStartWaiting } from '../run/messages.ts';
import { moveRun, readRun } from '../run/move-run.ts';
import type { NextState, Run } from '../run/run.ts';
import { limitKey } from '../run/run-items.ts';
import { sameState } from '../run/state-fields.ts';

/** Lets one run go on that is paused, parked or told to wait; without an id, the whole account and all that it held. */
export async function askResume(deps: ControlDeps, runId?: string): Promise<void> {
  if (runId !== undefined) return resumeOne(deps, runId);
  await releaseAccount(deps);
  // The fixed account may have a larger plan now.
  await deps.runs.write({ delete: limitKey });
  await wakeHolders(deps);
  await wakeStartWaiting(deps.startQueue);
}

async function resumeOne(deps: ControlDeps, runId: string): Promise<void> {
  for (;;) {
    const run = await readRun(deps.runs, runId);
    if (run === undefined) throw new Missing(`There is no run ${runId}.`);
    const next = resumed(deps, run);
    const moved = await moveRun(deps, run, next);
    if (moved.outcome === 'moved') break;
  }
  await wakeSettle(deps.settleQueue, [runId]);
  await wakeStartRun(deps.startQueue, runId);
}

function resumed(deps: ControlDeps, run: Run): NextState {
  const now = new Date(deps.clock()).toISOString();
  switch (run.status) {
    case 'paused':
      return { ...sameState(run, { resumeAsked: { at: now, reason: 'asked for' } }), checkAfter: now };
    case 'claimed':
    case 'restoring':
    case 'gathering':
      return { ...sameState(run), checkAfter: now };
    case 'waiting':
      return { ...sameState(run), notBefore: undefined };
    default:
      throw new InvalidInput(
        `Run ${run.id} is ${run.status}, so there is nothing to resume. A run that has ended needs a new attempt.`,
      );
  }
}
