import type { AgentRunReport } from '../../mosaic/client.ts';
import { isoAfter } from '../../platform/iso-time.ts';
import { endProbe, probeSucceeded } from '../capacity/account-hold.ts';
import { wakeHolders } from '../capacity/wake-slot-holders.ts';
import { followUpWrites } from '../create/follow-up-runs.ts';
import { moveRun, readRun } from '../run/move-run.ts';
import type { NextState, Paused, Run, Running, StateOf } from '../run/run.ts';
import { sameState, slotFields } from '../run/state-fields.ts';
import { saysNo } from '../start/find-reported-agent-run.ts';
import type { SettleDeps } from './deps.ts';
import { failureClassOf } from './failure-class.ts';
import { isJustResumed, outOfCredits, resume } from './out-of-credits.ts';
import { agentFailureReason, cancellationWords, expectedOutputs, mostProgress, nodeErrorsOf } from './read-report.ts';
import { cancelAndAsk } from './request-agent-run-cancel.ts';

/** Asks the API how the agent run does, and moves the run there, with what follows from it. */
export async function settleReport(deps: SettleDeps, run: Running | Paused): Promise<Run | 'settled'> {
  const report = await askFor(deps, run);
  const next = report === 'gone' ? gone(run) : await stateFrom(deps, run, report);
  const { to, writes } = await followUpWrites(deps, run, next);
  const moved = await moveRun(deps, run, to, writes);
  if (moved.outcome !== 'moved') return (await readRun(deps.runs, run.id)) ?? 'settled';
  if (to.nextRunId !== undefined && to.nextRunId !== run.nextRunId)
    deps.log.info('run.retried', { runId: run.id, nextRunId: to.nextRunId });
  if (report !== 'gone') await noteSuccess(deps, run, report);
  if (report !== 'gone' && run.status === 'paused' && isJustResumed(deps, moved.run))
    await resume(deps, moved.run, report);
  // Where nothing but a mark was made there is nothing to follow up, and what was just resumed is given its time.
  const isDone = to.status === run.status || to.status === 'paused' || ('pausedAt' in to && to.pausedAt !== undefined);
  return isDone ? 'settled' : moved.run;
}

/** An API key of another organization is shown nothing either, so that is believed at the deadline only. */
async function askFor(deps: SettleDeps, run: Running | Paused): Promise<AgentRunReport | 'gone'> {
  try {
    return await deps.mosaic.getAgentRun(run.agentRunId);
  } catch (error) {
    if (isOverdue(deps, run) && saysNo(error)) return 'gone';
    throw error;
  }
}

const gone = ({ agentRunId }: Running | Paused): NextState => ({
  status: 'failed',
  agentRunId,
  failure: 'agent-run-gone',
  reason: `Mosaic does not show us its agent run ${agentRunId}, or no longer. A person must look whether it still runs there; if not, try it again and say that it never began.`,
});

async function stateFrom(deps: SettleDeps, run: Running | Paused, report: AgentRunReport): Promise<NextState> {
  const unfinished = report.status === 'running' || (report.status === 'failed' && report.needsCredits);
  if (report.status === 'failed' && unfinished && isJustResumed(deps, run)) return sameState(run);
  if (run.cancelAsked !== undefined && unfinished) return cancelled(deps, run, report, run.cancelAsked.reason);
  if (report.needsCredits && unfinished) return outOfCredits(deps, run, report);
  // What was paused goes on first; the next step settles where it is by now. Its deadline begins anew: the pause may
  // have been longer than that.
  if (run.status === 'paused' && report.status !== 'cancelled')
    return runningState(deps, { ...run, startedAt: new Date(deps.clock()).toISOString() }, report);
  if (report.status === 'running' && isOverdue(deps, run)) return cancelOverdue(deps, run, report);
  return report.status === 'running' ? runningState(deps, run, report) : endOf(deps, run, report);
}

/** Where a run goes whose agent run is over. */
async function endOf(deps: SettleDeps, run: Running | Paused, report: AgentRunReport): Promise<NextState> {
  const { agentRunId } = run;
  if (report.status === 'failed')
    return {
      status: 'failed',
      agentRunId,
      reason: agentFailureReason(report),
      failure: await failureClassOf(deps, run, report),
    };
  if (report.status !== 'cancelled') return copyingState(deps, run, report);
  return { status: 'cancelled', agentRunId, reason: run.cancelAsked?.reason ?? cancellationWords(report) };
}

/** The API has the last word: what was done before the wish arrived is delivered. */
async function cancelled(
  deps: SettleDeps,
  run: Running | Paused,
  before: AgentRunReport,
  reason: string,
): Promise<NextState> {
  const { agentRunId } = run;
  const report = before.status === 'running' ? await cancelAndAsk(deps, run) : before;
  if (report.status === 'running') return soonAgain(deps, run, report);
  if (report.status !== 'completed' && report.status !== 'partial_complete')
    return { status: 'cancelled', agentRunId, reason };
  deps.log.warn('cancel.too-late', { runId: run.id, agentRunId, status: report.status });
  return run.status === 'paused' ? runningState(deps, run, report) : copyingState(deps, run, report);
}

async function cancelOverdue(deps: SettleDeps, run: Running | Paused, before: AgentRunReport): Promise<NextState> {
  const report = await cancelAndAsk(deps, run);
  if (report.status === 'running') return soonAgain(deps, run, before);
  if (report.status === 'completed' || report.status === 'partial_complete') return copyingState(deps, run, report);
  const reason = `it was not done within ${deadlineSeconds(deps, run) / 3600} hours and was cancelled. Try a shorter video.`;
  return { status: 'failed', agentRunId: run.agentRunId, reason, failure: 'deadline' };
}

/** The cancellation was taken, but is not yet to be seen. */
const soonAgain = (deps: SettleDeps, run: Running | Paused, report: AgentRunReport): NextState => ({
  ...(run.status === 'paused' ? sameState(run) : runningState(deps, run, report)),
  checkAfter: isoAfter(deps.clock(), 60),
});

function runningState({ clock }: SettleDeps, run: Running | Paused, report: AgentRunReport): StateOf<Running> {
  const age = clock() - Date.parse(run.startedAt);
  // Webhooks tell sooner; asking is for when they are lost, so the longer a run lasts the less often.
  const waitMs = Math.min(900_000, Math.max(60_000, age / 2));
  return {
    status: 'running',
    agentRunId: run.agentRunId,
    ...slotFields(run),
    progress: mostProgress(run, report),
    checkAfter: new Date(clock() + waitMs).toISOString(),
  };
}

const isOverdue = (deps: SettleDeps, run: Running | Paused): boolean =>
  deps.clock() > Date.parse(run.startedAt) + deadlineSeconds(deps, run) * 1000;

const deadlineSeconds = ({ runDeadlineSeconds }: SettleDeps, { rule }: Run): number =>
  rule.deadlineSeconds ?? runDeadlineSeconds;

async function copyingState(deps: SettleDeps, run: Running | Paused, report: AgentRunReport): Promise<NextState> {
  const { agentRunId } = run;
  const expected = await expectedOutputs(deps, report, run.rule.deliver?.beside);
  if (expected === undefined)
    return {
      status: 'failed',
      agentRunId,
      reason: `the agent made ${report.outputs.length} outputs, more than one run can keep. Let it make fewer.`,
      failure: 'delivery',
    };
  if (expected.length === 0)
    return {
      status: 'failed',
      agentRunId,
      reason: 'the agent finished, but made no output. Check what it does.',
      failure: 'no-output',
    };
  const now = new Date(deps.clock()).toISOString();
  return {
    status: 'copying',
    agentRunId,
    expected,
    partial: report.status === 'partial_complete',
    nodeErrors: nodeErrorsOf(report),
    finishedAt: now,
    // Due at once: the copies are yet to be asked for.
    checkAfter: now,
  };
}

/** A run that was resumed goes on: there are credits again, for the others too. */
async function noteSuccess(deps: SettleDeps, run: Running | Paused, report: AgentRunReport): Promise<void> {
  const { settleQueue } = deps;
  const wasResumed = run.status === 'paused' || run.pausedAt !== undefined;
  if (!wasResumed || report.needsCredits) return;
  // It ended for another reason, which says nothing of credits.
  if (report.status === 'failed') return endProbe(deps, run.id);
  if ((await probeSucceeded(deps, run.id)) && settleQueue !== undefined) await wakeHolders({ ...deps, settleQueue });
}
