import type { AgentRunReport } from '../../mosaic/client.ts';
import { MosaicError, type MosaicErrorKind } from '../../mosaic/errors.ts';
import { isoAfter } from '../../platform/iso-time.ts';
import { endProbe, holdAccount, isInForce, probeWrite, readHold } from '../capacity/account-hold.ts';
import { moveRun } from '../run/move-run.ts';
import type { NextState, Paused, Run, Running } from '../run/run.ts';
import { slotFields } from '../run/state-fields.ts';
import type { SettleDeps } from './deps.ts';
import { mostProgress } from './read-report.ts';
import { cancelAndAsk } from './request-agent-run-cancel.ts';

const pausedCheckSeconds = 900;
/** After a resume with an unknown outcome. */
const soonSeconds = 60;
/** No call takes longer than this, and its effect shows at once. */
const resumeSeconds = 150;
/** It keeps its slot so long; afterwards others have it, and this one needs a new attempt. */
const pausedDeadlineSeconds = 7 * 24 * 3600;

/**
 * A run whose agent run stands still for want of credits. That is the account's state, so the account is held, and one
 * call at a time finds out whether it is over: a start that waits, or the resume of a run like this.
 */
export async function outOfCredits(
  deps: SettleDeps,
  run: Running | Paused,
  report: AgentRunReport,
): Promise<NextState> {
  const pausedAt = run.pausedAt ?? new Date(deps.clock()).toISOString();
  if (deps.clock() > Date.parse(pausedAt) + pausedDeadlineSeconds * 1000) return giveUp(deps, run, pausedAt);
  if (run.status === 'running') {
    // First the hold, then the pause: after a crash between the two both are written again.
    const seconds = await holdAccount(deps, { kind: 'credits', message: reason, runId: run.id });
    return pausedState(deps, run, report, pausedAt, seconds);
  }
  // One that still runs cannot be resumed; it is watched.
  if (report.status === 'running') return pausedState(deps, run, report, pausedAt, pausedCheckSeconds);
  const turn = await takeTurn(deps, run);
  // A person's word is kept until it is its turn.
  if (turn !== 'now') return { ...pausedState(deps, run, report, pausedAt, turn), resumeAsked: run.resumeAsked };
  return resumedState(deps, run, report, pausedAt);
}

const reason = 'the account is out of credits. Add credits; then it goes on by itself, or at once when it is resumed.';

/** `now`, or the seconds after which to look again. While the hold lasts only a person's word counts. */
async function takeTurn(deps: SettleDeps, run: Paused): Promise<'now' | number> {
  const hold = await readHold(deps);
  if (hold === undefined) return 'now';
  const asked = run.resumeAsked !== undefined && hold.probe === undefined;
  if (isInForce(deps, hold) && !asked) return (Date.parse(hold.until) - deps.clock()) / 1000;
  const written = await deps.runs.write(probeWrite(deps, hold, run.id));
  return written.done ? 'now' : soonSeconds;
}

/** Written before the API is asked, so that nobody who reads the run thinks that its agent run is still standing. */
function resumedState(deps: SettleDeps, run: Paused, report: AgentRunReport, pausedAt: string): NextState {
  const now = deps.clock();
  return {
    status: 'running',
    agentRunId: run.agentRunId,
    ...slotFields(run),
    // A fresh deadline: the pause may have been longer than that.
    startedAt: new Date(now).toISOString(),
    progress: mostProgress(run, report),
    pausedAt,
    checkAfter: isoAfter(now, resumeSeconds),
    resumeAsked: undefined,
  };
}

/** Whether what its resume did may not show yet: until then its old ending says nothing. */
export const isJustResumed = ({ clock }: Pick<SettleDeps, 'clock'>, run: Run): run is Running =>
  run.status === 'running' && run.pausedAt !== undefined && clock() < Date.parse(run.startedAt) + resumeSeconds * 1000;

/** Asks the API to go on, once the run says that it was asked. Where it says no, the run is paused again. */
export async function resume(deps: SettleDeps, run: Running, report: AgentRunReport): Promise<void> {
  try {
    await deps.mosaic.resumeAgentRun(run.agentRunId);
    deps.log.info('run.resumed', { runId: run.id, agentRunId: run.agentRunId });
  } catch (error) {
    if (!(error instanceof MosaicError)) throw error;
    deps.log.warn('resume.refused', { runId: run.id, agentRunId: run.agentRunId, kind: error.kind, error });
    const pausedAt = run.pausedAt ?? run.startedAt;
    const waitSeconds = await afterRefusedResume(deps, run, error);
    // After a concurrent write it is looked at again anyway.
    await moveRun(deps, run, pausedState(deps, run, report, pausedAt, waitSeconds));
  }
}

/** For how many seconds it stays paused: nothing is sent again before the API was asked where the run is. */
async function afterRefusedResume(deps: SettleDeps, run: Running, error: MosaicError): Promise<number> {
  if (error.ambiguous) return soonSeconds;
  if (ofAccount.has(error.kind)) {
    const { kind, message, retryAfterSeconds } = error;
    return holdAccount(deps, { kind, message, retryAfterSeconds, runId: run.id });
  }
  await endProbe(deps, run.id);
  return pausedCheckSeconds;
}

const ofAccount: ReadonlySet<MosaicErrorKind> = new Set([
  ...(['credits', 'unauthorised', 'rate-limited', 'concurrency'] as const),
  ...(['network', 'timeout', 'server', 'unreadable'] as const),
]);

async function giveUp(deps: SettleDeps, run: Running | Paused, pausedAt: string): Promise<NextState> {
  // Also one that is said to have failed: it may just have been resumed.
  const report = await cancelAndAsk(deps, run);
  // It ended well after all, or its end is not yet to be seen: the next look says which.
  if (report.status !== 'failed' && report.status !== 'cancelled')
    return pausedState(deps, run, report, pausedAt, soonSeconds);
  return {
    status: 'failed',
    agentRunId: run.agentRunId,
    failure: 'out-of-credits',
    reason: `the account had no credits for ${pausedDeadlineSeconds / 86_400} days. Add credits, then try it again.`,
  };
}

function pausedState(
  { clock }: SettleDeps,
  run: Running | Paused,
  report: AgentRunReport,
  pausedAt: string,
  waitSeconds: number,
): NextState {
  const seconds = Math.min(pausedCheckSeconds, Math.max(1, Math.ceil(waitSeconds)));
  return {
    status: 'paused',
    agentRunId: run.agentRunId,
    ...slotFields(run),
    progress: mostProgress(run, report),
    reason,
    pausedAt,
    checkAfter: isoAfter(clock(), seconds),
    resumeAsked: undefined,
  };
}
