import { InvalidInput, Missing } from '../../errors.ts';
import type { Item, Write } from '../../platform/ports.ts';
import { claimMoveWrites } from '../create/next-attempt.ts';
import type { ControlDeps, RunDeps } from '../run/deps.ts';
import { newRunId } from '../run/ids.ts';
import { wakeSettle } from '../run/messages.ts';
import { readRun } from '../run/move-run.ts';
import { agentRunIdOf, type Copying, type Delivered, type Failed, type Run, type Undelivered } from '../run/run.ts';
import { agentRunKey, newRunWrites, nextRunWrite } from '../run/run-items.ts';

type RedeliverDeps = RunDeps & Pick<ControlDeps, 'settleQueue'>;

/**
 * Copies again what of a run could not be delivered, by a person's word: in a run of its own, of the same agent run, so
 * nothing is paid. Asked for twice, it is the one that was made the first time.
 */
export async function redeliverRun(deps: RedeliverDeps, runId: string): Promise<Run> {
  for (let tries = 0; tries < 8; tries += 1) {
    const last = await readRun(deps.runs, runId);
    if (last === undefined) throw new Missing(`There is no run ${runId}.`);
    const made = (await madeBefore(deps, last)) ?? (await redelivery(deps, last));
    if (made === 'changed') continue;
    // Also for one that was made before: its maker may have stopped here.
    if (made.status === 'copying') await wakeSettle(deps.settleQueue, [made.id]);
    return made;
  }
  throw new Error(`Run ${runId} was written by others again and again. Try again.`);
}

async function madeBefore({ runs }: RedeliverDeps, last: Run): Promise<Run | undefined> {
  const next = last.nextRunId === undefined ? undefined : await readRun(runs, last.nextRunId);
  // An ended run does not keep `redelivers`, but only a redelivery has the same agent run.
  const isRedelivery =
    next !== undefined && agentRunIdOf(next) !== undefined && agentRunIdOf(next) === agentRunIdOf(last);
  return isRedelivery ? next : undefined;
}

async function redelivery(deps: RedeliverDeps, last: Run): Promise<Run | 'changed'> {
  const run = redelivering(deps, last);
  const writes = [...(await birthWrites(deps, last, run)), ...(await claimMoveWrites(deps, last, run))];
  const written = await deps.runs.write(nextRunWrite(last, run), ...writes);
  if (!written.done) return 'changed';
  deps.log.info('run.redelivered', { runId: last.id, nextRunId: run.id, attempt: run.attempt });
  return run;
}

function redelivering({ clock, newId = newRunId }: RedeliverDeps, last: Run): Copying {
  const { agentRunId, ...undelivered } = undeliveredOf(last);
  const createdAt = new Date(clock()).toISOString();
  const { upload, rule, input, variables, media, estimate, lineage } = last;
  return {
    ...{ id: newId(), upload, rule, input, variables, media, estimate, lineage },
    ...{ attempt: last.attempt + 1, previousRunId: last.id, redelivers: last.id },
    ...{ createdAt, updatedAt: createdAt, enteredAt: createdAt, revision: 1 },
    // Due at once: the copies are yet to be asked for.
    ...{ status: 'copying', agentRunId, ...undelivered, checkAfter: createdAt },
  };
}

function undeliveredOf(last: Run): Undelivered & { readonly agentRunId: string } {
  const refused = (why: string) => new InvalidInput(`Nothing of run ${last.id} is redelivered: ${why}`);
  if (last.nextRunId !== undefined)
    throw refused(`it has another attempt already, run ${last.nextRunId}. Look at that one.`);
  if (!mayLack(last))
    throw refused(`it is ${last.status}. Only what an agent made and we could not deliver is copied again.`);
  const { undelivered, agentRunId } = last;
  if (undelivered === undefined || agentRunId === undefined)
    throw refused(
      last.status === 'delivered'
        ? 'all that its agent made was delivered. For another edit, paid for again, retry it.'
        : 'it did not fail for its delivery, or left no list of what was to be delivered. For another attempt, paid for again, retry it.',
    );
  return { agentRunId, ...undelivered };
}

const mayLack = (run: Run): run is Delivered | Failed => run.status === 'delivered' || run.status === 'failed';

/** The agent run leads to the newest run that delivers it. */
async function birthWrites({ runs }: RedeliverDeps, last: Run, run: Copying): Promise<readonly Write[]> {
  const { pk } = agentRunKey(run.agentRunId);
  const isPointer = (item: Item) => item.pk === pk;
  const pointer = await runs.get(agentRunKey(run.agentRunId));
  return newRunWrites(run).map((write) =>
    'put' in write && isPointer(write.put) && pointer !== undefined
      ? { put: write.put, if: { runId: last.id } }
      : write,
  );
}
