import { followUpWrites } from '../create/follow-up-runs.ts';
import { outputWords } from '../run/attachments.ts';
import { moveRun, readRun } from '../run/move-run.ts';
import { type EndedOutput, endedOutputs } from '../run/output-items.ts';
import type { Copying, NextState, Run, Undelivered } from '../run/run.ts';
import type { DeliverDeps } from './deps.ts';
import { type Endings, writeManifest } from './manifest.ts';

/** Ends a run whose outputs are all done. The manifest is written last, so everything it names exists. */
export async function deliverRun(deps: DeliverDeps, run: Copying): Promise<'delivered' | 'unfinished'> {
  const outputs = await endedOutputs(deps.runs, run.id);
  if (run.expected.some(({ id }) => !outputs.has(id))) return 'unfinished';
  const next = await ending(deps, run, endingsOf(run, outputs));
  let current: Run | undefined = run;
  // The last copies may end together. The first to move the run has written what the others would write.
  while (current?.status === 'copying') {
    const { to, writes } = await followUpWrites(deps, current, next);
    const moved = await moveRun(deps, current, to, writes);
    if (moved.outcome === 'moved') break;
    current = await readRun(deps.runs, run.id);
  }
  return 'delivered';
}

function endingsOf({ expected }: Copying, outputs: ReadonlyMap<string, EndedOutput>): Endings {
  const all = expected.map((each) => [each, outputs.get(each.id)] as const);
  return {
    copied: all.flatMap(([each, output]) => (output?.status === 'copied' ? [[each, output] as const] : [])),
    failed: all.flatMap(([each, output]) => (output?.status === 'failed' ? [[each, output] as const] : [])),
  };
}

/** What is good is delivered and what is not is named. Without any video there is nothing to deliver. */
async function ending(deps: DeliverDeps, run: Copying, endings: Endings): Promise<NextState> {
  const { agentRunId } = run;
  const { copied, failed } = endings;
  const left = failed.length > 0 ? { undelivered: undeliveredOf(run) } : {};
  if (!copied.some(([{ kind }]) => kind === undefined))
    return { status: 'failed', agentRunId, reason: undeliveredReason(run, endings), failure: 'delivery', ...left };
  const key = await writeManifest(deps, run, endings);
  const failedOutputs = failed.slice(0, 50).map(([{ id }, { reason }]) => ({ id, reason }));
  return {
    ...{ status: 'delivered', agentRunId, manifestKey: key, outputCount: copied.length },
    partial: run.partial || failed.length > 0,
    ...(failed.length > 0 ? { failedOutputs } : {}),
    ...left,
  };
}

/** What a run must keep of its copy, so that it can be made again. */
export const undeliveredOf = ({ expected, partial, nodeErrors, finishedAt }: Copying): Undelivered => ({
  ...{ expected, partial, nodeErrors, finishedAt },
});

function undeliveredReason({ expected }: Copying, { failed }: Endings): string {
  const told = failed.slice(0, 5).map(([output, { reason }]) => `${outputWords(output)}: ${reason.replace(/\.$/, '')}`);
  return `${failed.length} of ${expected.length} outputs could not be delivered: ${told.join('; ')}.`;
}
