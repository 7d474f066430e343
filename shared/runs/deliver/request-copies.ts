import { isoAfter } from '../../platform/iso-time.ts';
import type { Queue } from '../../platform/ports.ts';
import type { FollowUpDeps } from '../create/deps.ts';
import { followUpWrites } from '../create/follow-up-runs.ts';
import { mayBeCopied } from '../run/attachments.ts';
import { askForCopies } from '../run/messages.ts';
import { moveRun } from '../run/move-run.ts';
import { noteOutput, type OutputState, outputStates } from '../run/output-items.ts';
import type { Copying, ExpectedOutput, Run } from '../run/run.ts';
import { sameState } from '../run/state-fields.ts';
import { claimResultName } from './claim-result-name.ts';
import { copyingBeganAt } from './copying-began-at.ts';
import { undeliveredOf } from './deliver-run.ts';

/** Longer than any copy in flight is silent, so that none is requested twice. */
export const silentSeconds = 1200;
/** The API keeps outputs for about this long. Until then, a fault on our side (a bucket policy, say) can be fixed. */
export const giveUpSeconds = 7 * 24 * 3600;
/** The extra time to end a run that has nothing left to copy. */
export const lastSeconds = 24 * 3600;

type RequestDeps = FollowUpDeps & { readonly copyQueue: Queue };

/** Requests a copy of each missing output: at once at first, later again for copies that got lost. */
export async function announceOutputs(deps: RequestDeps, before: Copying): Promise<Run | 'settled'> {
  const now = deps.clock();
  if (now < Date.parse(before.checkAfter)) return 'settled';
  const run = await claimResultName(deps, before);
  if (run === undefined) return 'settled';
  const triedSeconds = (now - Date.parse(copyingBeganAt(run))) / 1000;
  const states = await outputStates(deps.runs, run.id);
  const missing = run.expected.filter(({ id }) => !hasEnded(states.get(id)));
  const isOver = triedSeconds > giveUpSeconds;
  if (triedSeconds > giveUpSeconds + lastSeconds && missing.length === 0) return fail(deps, run);
  if (isOver) await giveUp(deps, run, missing);
  // Messages first: after a crash between the two they are sent again, and a copy ignores repeats.
  await askForCopies(deps.copyQueue, run.id, toAskFor(deps, run, states, isOver ? [] : missing));
  const waitSeconds = isOver ? silentSeconds : Math.max(silentSeconds, triedSeconds / 4);
  const checkAfter = isoAfter(now, waitSeconds);
  await moveRun(deps, run, { ...sameState(run), checkAfter });
  return 'settled';
}

const hasEnded = (state: OutputState | undefined): boolean => state !== undefined && state.status !== 'copying';

function toAskFor(
  { clock }: RequestDeps,
  { expected }: Copying,
  states: ReadonlyMap<string, OutputState>,
  missing: readonly ExpectedOutput[],
): readonly string[] {
  const ended = { has: (id: string) => hasEnded(states.get(id)) };
  const quiet = new Date(clock() - silentSeconds * 1000).toISOString();
  const isSilent = (state: OutputState | undefined) => state?.status !== 'copying' || (state.at ?? '') < quiet;
  const due = missing.filter((output) => mayBeCopied(output, ended) && isSilent(states.get(output.id)));
  // Nothing is missing but the end of the run: any message makes copy-output write it.
  return (missing.length > 0 ? due : expected.slice(0, 1)).map(({ id }) => id);
}

/** Marks the outputs that could not be copied as failed. The next copy message then delivers the rest. */
async function giveUp({ runs, log }: RequestDeps, { id }: Copying, missing: readonly ExpectedOutput[]): Promise<void> {
  if (missing.length > 0) log.error('outputs.given-up', { runId: id, outputs: missing.length });
  const reason = 'it could not be copied within a week. The dead letters and alarms of the copies say why.';
  for (const output of missing) await noteOutput(runs, id, output.id, { status: 'failed', reason });
}

async function fail(deps: RequestDeps, run: Copying): Promise<Run | 'settled'> {
  const { agentRunId } = run;
  const reason =
    'its outputs could not be delivered within a week; those that were stay, without a manifest. Look at the alarms of the copies.';
  const undelivered = undeliveredOf(run);
  const failed = { status: 'failed', agentRunId, reason, failure: 'delivery', undelivered } as const;
  const { to, writes } = await followUpWrites(deps, run, failed);
  const moved = await moveRun(deps, run, to, writes);
  return moved.outcome === 'moved' ? moved.run : 'settled';
}
