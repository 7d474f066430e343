import { settleAlongside } from './control/alongside.ts';
import { moveRun } from './move-run.ts';
import { endedOutputs } from './output-items.ts';
import type { Copying, NextState, Run } from './run.ts';
import type { SettleDeps } from './settle-run.ts';

/** Longer than any one copy may take, so that a copy under way is not asked for twice. */
const copySeconds = 1200;
/** The API keeps outputs for about as long; until then a fault on our side (a bucket's policy, say) can be mended. */
const giveUpSeconds = 7 * 24 * 3600;

/** Asks for each output that is not copied yet, when that is due: at first at once, later where a copy got lost. */
export async function announceOutputs(deps: SettleDeps, run: Copying): Promise<Run | 'settled'> {
  if (deps.clock() < Date.parse(run.checkAfter)) return 'settled';
  if (deps.clock() > Date.parse(run.finishedAt) + giveUpSeconds * 1000) return giveUp(deps, run);
  const done = await endedOutputs(deps.runs, run.id);
  const missing = run.expected.filter(({ id }) => !done.has(id));
  // With nothing missing only the end was: any one message makes copy-output see to it.
  const outputs = missing.length > 0 ? missing : run.expected.slice(0, 1);
  // The messages go first: whoever stops between the two sends them again, and a copy ignores repeats.
  await deps.copyQueue.send(...outputs.map(({ id }) => ({ body: { runId: run.id, outputId: id } })));
  await moveRun(deps, run, laterCheck(run, deps.clock()));
  return 'settled';
}

function laterCheck({ agentRunId, expected, partial, nodeErrors, finishedAt }: Copying, now: number): NextState {
  const waitMs = Math.max(copySeconds * 1000, (now - Date.parse(finishedAt)) / 4);
  const checkAfter = new Date(now + waitMs).toISOString();
  return { status: 'copying', agentRunId, expected, partial, nodeErrors, finishedAt, checkAfter };
}

async function giveUp(deps: SettleDeps, run: Copying): Promise<Run | 'settled'> {
  const reason = 'its outputs could not be delivered within a week; those that were stay. Look at the copy alarms.';
  const failed = { status: 'failed', agentRunId: run.agentRunId, reason, failure: 'delivery' } as const;
  const { to, writes } = await settleAlongside(deps, run, failed);
  const moved = await moveRun(deps, run, to, writes);
  return moved.outcome === 'moved' ? moved.run : 'settled';
}
