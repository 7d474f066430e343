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
  /** They belong in the transaction that ends the last attempt, or that notes its next one. */
  readonly writes: readonly Write[];
}

/**
 * Creates the next attempt as a new run and moves the claim to it, so that the upload leads to the newest run. Only for a
 * run whose agent run definitely ended or never started.
 */
export async function nextAttemptWrites(deps: RunDeps, last: Run): Promise<NextAttempt> {
  const run = nextAttempt(deps, last);
  return { run, writes: [...newRunWrites(run), ...(await claimMoveWrites(deps, last, run))] };
}

/** Moves the claim to the next run. */
export async function claimMoveWrites({ runs }: RunDeps, last: Run, { id }: Run): Promise<readonly Write[]> {
  const key = claimKey(claimIdentity(last), last.rule.id);
  const claim = await runs.get(key);
  // A member of a group has a claim of its own, which may lead to another run and then stays there.
  return claim?.runId === last.id ? [{ update: key, set: { runId: id }, if: { runId: last.id } }] : [];
}

/** The identity in a run's claim: its upload, or for a chained run the run whose outputs it takes. */
const claimIdentity = ({ upload, input }: Pick<Run, 'upload' | 'input'>): string =>
  input?.kind === 'renders' ? chainIdentity(input.ofRunId) : uploadIdentity(upload);

/** Differs from every upload identity, because a bucket name cannot contain "#". */
export const chainIdentity = (runId: string): string => `run#${runId}`;

/** Whether the run is retried automatically after this failure; never while its last attempt may still cost money. */
export async function mayTryAgain({ runs }: RunDeps, run: Run, failure: FailureClass): Promise<boolean> {
  if (never.has(failure)) return false;
  const { retry } = run.rule;
  if (retry?.on.some((each) => each === failure)) return run.attempt < retry.attempts;
  if (failure !== 'input-expired') return false;
  // A new link allows one more start, for any earlier reason to fail.
  if (run.previousRunId === undefined) return true;
  const before = await readRun(runs, run.previousRunId);
  // If the records of the last attempt have expired, its failure is unknown, and retrying could go on for ever.
  return before !== undefined && (before.status !== 'failed' || before.failure !== 'input-expired');
}

/** After the first two an agent run may still be running; after the others a retry would only fail again. */
const never: ReadonlySet<FailureClass> = new Set(['unanswered', 'agent-run-gone', 'input-gone', 'too-costly']);

function nextAttempt({ clock, newId = newRunId }: RunDeps, last: Run): Waiting | Claimed {
  const now = clock();
  const createdAt = new Date(now).toISOString();
  const { upload, rule, input, variables, media, estimate, lineage } = last;
  const base = {
    ...{ id: newId(), upload, rule, input, variables, media, estimate, lineage },
    ...{ attempt: last.attempt + 1, previousRunId: last.id, createdAt, updatedAt: createdAt, revision: 1 },
  };
  // A rejected upload is judged again; every other run had passed that check.
  if (last.status === 'rejected') return { ...base, status: 'claimed', checkAfter: createdAt };
  return { ...base, status: 'waiting', starts: 0 };
}
