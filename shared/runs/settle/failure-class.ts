import type { AgentRunReport } from '../../mosaic/client.ts';
import type { RunDeps } from '../run/deps.ts';
import type { FailureClass } from '../run/failure-classes.ts';
import type { Paused, Running } from '../run/run.ts';
import { eventsOf } from '../run/run-events.ts';
import { agentFailureReason } from './read-report.ts';

/** Why an agent run failed: it never could read its input, or it is to blame itself. */
export async function failureClassOf(
  deps: RunDeps,
  run: Running | Paused,
  report: AgentRunReport,
): Promise<FailureClass> {
  if (run.linkExpiresAt === undefined || report.nodeStatusCounts.completed > 0) return 'agent-failed';
  if (!saysUnread.test(agentFailureReason(report))) return 'agent-failed';
  // A link that was still good when the failure was reported was not what it failed for.
  return (await failedAt(deps, run)) >= run.linkExpiresAt ? 'input-expired' : 'agent-failed';
}

const saysUnread = /\bexpired?\b|\b403\b|forbidden|access ?denied|\b(fetch|download|retrieve)/i;

/** When it was first reported as failed; without a report of its own, now. */
async function failedAt({ runs, clock }: RunDeps, { id }: Running | Paused): Promise<string> {
  const events = await eventsOf(runs, id);
  // One that only lacked credits went on afterwards.
  const reported = events.find(
    ({ flag, status, needsCredits }) => flag === 'RUN_FINISHED' && status === 'failed' && needsCredits !== true,
  );
  return reported?.receivedAt ?? new Date(clock()).toISOString();
}
