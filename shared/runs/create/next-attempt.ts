import type { Write } from '../../platform/ports.ts';
import type { RunDeps } from '../run/deps.ts';
import type { FailureClass } from '../run/failure-classes.ts';
import { newRunId } from '../run/ids.ts';
import { readRun } from '../run/move-run.ts';
import type { Claimed, Run, Waiting } from '../run/run.ts';
import { claimKey, newRunWrites } from '../run/run-items.ts';
import { uploadIdentity } from '../run/upload.ts';

export interface NextAttempt {
  readonly run: Run;
  /** To be written together with what ends the last attempt, or notes that it has a next one. */
  readonly writes: readonly Write[];
}

/**
 * The attempt after this one: a run of its own, and the claim with it, so that the upload leads to the newest. Only
 * for a run whose agent run has surely ended, or surely never began.
 */
export async function nextAttemptWrites(deps: RunDeps, last: Run): Promise<NextAttempt> {
  const run = nextAttempt(deps, last);
  return { run, writes: [...newRunWrites(run), ...(await claimMoveWrites(deps, last, run))] };
}

/** Leads the claim on to the run after this one. */
export async function claimMoveWrites({ runs }: RunDeps, last: Run, { id }: Run): Promise<readonly Write[]> {
  const key = claimKey(claimIdentity(last), last.rule.id);
  const claim = await runs.get(key);
  // A member of a group has its own claim, which may lead elsewhere; then there is nothing to move on.
  return claim?.runId === last.id ? [{ update: key, set: { runId: id }, if: { runId: last.id } }] : [];
}

/** Which claim a run came from: the upload's, or for a chain that of the run whose outputs it takes. */
const claimIdentity = ({ upload, input }: Pick<Run, 'upload' | 'input'>): string =>
  input?.kind === 'renders' ? chainIdentity(input.ofRunId) : uploadIdentity(upload);

/** No bucket's name can look like this. */
export const chainIdentity = (runId: string): string => `run#${runId}`;

/** Whether a failure of this class is tried again by itself; never one whose last attempt may still cost money. */
export async function mayTryAgain({ runs }: RunDeps, run: Run, failure: FailureClass): Promise<boolean> {
  if (never.has(failure)) return false;
  const { retry } = run.rule;
  if (retry?.on.some((each) => each === failure)) return run.attempt < retry.attempts;
  if (failure !== 'input-expired') return false;
  // A new link is worth one more start, whatever the attempts before it failed for.
  if (run.previousRunId === undefined) return true;
  const before = await readRun(runs, run.previousRunId);
  // Of one whose records are gone nobody knows: whoever took it for another failure would go on for ever.
  return before !== undefined && (before.status !== 'failed' || before.failure !== 'input-expired');
}

/** Of the first two nobody knows for certain that nothing runs; the others would only fail again. */
const never: ReadonlySet<FailureClass> = new Set(['unanswered', 'agent-run-gone', 'input-gone', 'too-costly']);

function nextAttempt({ clock, newId = newRunId }: RunDeps, last: Run): Waiting | Claimed {
  const now = clock();
  const createdAt = new Date(now).toISOString();
  const { upload, rule, input, variables, media, estimate, lineage } = last;
  const base = {
    ...{ id: newId(), upload, rule, input, variables, media, estimate, lineage },
    ...{ attempt: last.attempt + 1, previousRunId: last.id, createdAt, updatedAt: createdAt, revision: 1 },
  };
  // What was refused before it waited is looked at again; all else was found fit to start.
  if (last.status === 'rejected') return { ...base, status: 'claimed', checkAfter: createdAt };
  return { ...base, status: 'waiting', starts: 0 };
}
