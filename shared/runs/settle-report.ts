import type { AgentRunReport } from '../mosaic/client.ts';
import { MosaicError } from '../mosaic/errors.ts';
import { holdAccount } from './account-hold.ts';
import { moveRun, readRun } from './move-run.ts';
import { cancellationWords, expectedOutputs, failureWords, nodeErrorsOf } from './read-report.ts';
import type { NextState, Paused, Run, Running } from './run.ts';
import type { SettleDeps } from './settle-run.ts';

const pausedCheckSeconds = 900;

/** Asks the API how the agent run does, and moves the run there. */
export async function settleReport(deps: SettleDeps, run: Running | Paused): Promise<Run | 'settled'> {
  const report = await askFor(deps, run);
  const next = report === 'gone' ? gone(run) : await stateFrom(deps, run, report);
  const moved = await moveRun(deps, run, next);
  if (moved.outcome !== 'moved') return (await readRun(deps.runs, run.id)) ?? 'settled';
  if (next.status === 'paused' && run.status === 'running')
    await holdAccount(deps, { kind: 'credits', message: next.reason });
  // Where nothing but a mark was made there is nothing to follow up.
  return next.status === run.status || next.status === 'paused' ? 'settled' : moved.run;
}

/** An API key of another organization finds nothing either, so "not found" is believed at the deadline only. */
async function askFor(deps: SettleDeps, run: Running | Paused): Promise<AgentRunReport | 'gone'> {
  try {
    return await deps.mosaic.getAgentRun(run.agentRunId);
  } catch (error) {
    if (isOverdue(deps, run) && error instanceof MosaicError && error.kind === 'not-found') return 'gone';
    throw error;
  }
}

const gone = ({ agentRunId }: Running | Paused): NextState => ({
  status: 'failed',
  agentRunId,
  failure: 'agent-run-gone',
  reason: `Mosaic no longer knows its agent run ${agentRunId}. Upload the file again.`,
});

async function stateFrom(deps: SettleDeps, run: Running | Paused, report: AgentRunReport): Promise<NextState> {
  const { agentRunId } = run;
  const unfinished = report.status === 'running' || report.status === 'failed';
  if (report.needsCredits && unfinished) return pausedState(deps, run, report);
  // What was paused goes on first; the next step settles where it is by now. Its deadline begins anew: the pause may
  // have been longer than that.
  if (run.status === 'paused' && report.status !== 'cancelled')
    return runningState(deps, { ...run, startedAt: new Date(deps.clock()).toISOString() }, report);
  switch (report.status) {
    case 'running':
      return isOverdue(deps, run) ? cancelOverdue(deps, run) : runningState(deps, run, report);
    case 'completed':
    case 'partial_complete':
      return copyingState(deps, run, report);
    case 'failed':
      return { status: 'failed', agentRunId, reason: failureWords(report), failure: 'agent-failed' };
    case 'cancelled':
      return { status: 'cancelled', agentRunId, reason: cancellationWords(report) };
  }
}

function runningState({ clock }: SettleDeps, run: Running | Paused, report: AgentRunReport): NextState {
  const { agentRunId, slot, startedAt } = run;
  const age = clock() - Date.parse(startedAt);
  // Webhooks tell sooner; asking is for when they are lost, so the longer a run lasts the less often.
  const waitMs = Math.min(900_000, Math.max(60_000, age / 2));
  const checkAfter = new Date(clock() + waitMs).toISOString();
  return { status: 'running', agentRunId, slot, startedAt, progress: mostProgress(run, report), checkAfter };
}

function pausedState({ clock }: SettleDeps, run: Running | Paused, report: AgentRunReport): NextState {
  const { agentRunId, slot, startedAt } = run;
  const checkAfter = new Date(clock() + pausedCheckSeconds * 1000).toISOString();
  const reason = 'the account is out of credits. Add credits, then resume the agent run at Mosaic.';
  const pausedAt = run.status === 'paused' ? run.pausedAt : new Date(clock()).toISOString();
  const progress = mostProgress(run, report);
  return { status: 'paused', agentRunId, slot, startedAt, progress, reason, pausedAt, checkAfter };
}

function mostProgress({ progress }: Running | Paused, report: AgentRunReport): number {
  const { completed, inProgress, failed } = report.nodeStatusCounts;
  const total = completed + inProgress + failed;
  return Math.max(progress, report.progress ?? (total > 0 ? (completed + failed) / total : 0));
}

const isOverdue = ({ clock, runDeadlineSeconds }: SettleDeps, run: Running | Paused): boolean =>
  clock() > Date.parse(run.startedAt) + runDeadlineSeconds * 1000;

async function cancelOverdue({ mosaic, runDeadlineSeconds }: SettleDeps, run: Running | Paused): Promise<NextState> {
  await mosaic.cancelAgentRun(run.agentRunId);
  const reason = `it was not done within ${runDeadlineSeconds / 3600} hours and was cancelled. Try a shorter video.`;
  return { status: 'failed', agentRunId: run.agentRunId, reason, failure: 'deadline' };
}

async function copyingState(deps: SettleDeps, run: Running | Paused, report: AgentRunReport): Promise<NextState> {
  const { agentRunId } = run;
  const expected = await expectedOutputs(deps, report);
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
