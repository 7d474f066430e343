import { InvalidInput, Missing } from '../../errors.ts';
import { nextAttemptWrites } from '../create/next-attempt.ts';
import type { ControlDeps } from '../run/deps.ts';
import type { FailureClass } from '../run/failure-classes.ts';
import { wakeStartRun, wakeStartWaiting } from '../run/messages.ts';
import { readRun } from '../run/move-run.ts';
import type { RuleSet } from '../run/rule.ts';
import type { Run } from '../run/run.ts';
import { nextRunWrite } from '../run/run-items.ts';

interface RetryDeps extends ControlDeps {
  /** The rules in force: a run that its rule refused is judged again by the current rule. */
  readonly rules?: () => Promise<RuleSet>;
}

/** A new attempt of a run that has ended, by a person's word; the one that it has already, when it is asked for twice. */
export async function retryRun(
  deps: RetryDeps,
  runId: string,
  { neverBegan = false }: { readonly neverBegan?: boolean } = {},
): Promise<Run> {
  for (;;) {
    const last = await readRun(deps.runs, runId);
    if (last === undefined) throw new Missing(`There is no run ${runId}.`);
    const next = last.nextRunId === undefined ? undefined : await readRun(deps.runs, last.nextRunId);
    const made = next ?? (await attempt(deps, last, neverBegan));
    if (made === 'changed') continue;
    // Also for one that was made before: its maker may have stopped here.
    if (made.status === 'claimed') await wakeStartRun(deps.startQueue, made.id);
    await wakeStartWaiting(deps.startQueue);
    return made;
  }
}

async function attempt(deps: RetryDeps, last: Run, neverBegan: boolean): Promise<Run | 'changed'> {
  const refused = refusedBecause(last, neverBegan);
  if (refused !== undefined) throw new InvalidInput(`Run ${last.id} gets no new attempt: ${refused}`);
  const { run, writes } = await nextAttemptWrites(deps, await judgedAnew(deps, last));
  const written = await deps.runs.write(nextRunWrite(last, run), ...writes);
  if (!written.done) return 'changed';
  deps.log.info('run.retried', { runId: last.id, nextRunId: run.id, attempt: run.attempt });
  return run;
}

/** Nothing was paid for what was rejected, so a rule that was mended since holds for it, too. */
async function judgedAnew({ rules }: RetryDeps, last: Run): Promise<Run> {
  if (last.status !== 'rejected') return last;
  const rule = (await rules?.())?.rules.find(({ id }) => id === last.rule.id);
  return rule === undefined ? last : { ...last, rule };
}

/** One agent run is paid for each attempt, so the last must have ended, or never have begun. */
function refusedBecause(last: Run, neverBegan: boolean): string | undefined {
  switch (last.status) {
    case 'failed':
      return neverBegan ? undefined : unknownEnds.get(last.failure);
    case 'cancelled':
    case 'rejected':
      return undefined;
    case 'delivered':
      return last.partial ? undefined : 'it was delivered whole. Upload the file again for another edit.';
    case 'ignored':
      return `it was ignored: ${last.reason}`;
    default:
      return `it is ${last.status}, not at its end. Cancel it first.`;
  }
}

/** Of these nobody knows for certain that no agent run of theirs goes on, so a person has to say it. */
const unknownEnds: ReadonlyMap<FailureClass, string> = new Map([
  [
    'unanswered',
    'nobody knows whether its start began an agent run. Look at Mosaic; if none edited this upload, say that it never began.',
  ],
  [
    'agent-run-gone',
    'nobody knows whether its agent run has ended. Look at Mosaic; if nothing there edits this upload, say that it never began.',
  ],
]);
