import type { RunDeps } from '../run/deps.ts';
import { moveRun, readRun } from '../run/move-run.ts';
import type { Run, Starting, Uncertain } from '../run/run.ts';
import { recordEvent } from '../run/run-events.ts';
import { slotFields } from '../run/state-fields.ts';

/** How soon a running agent run is asked for, should its webhooks not come. */
const firstCheckSeconds = 60;

/**
 * Notes which agent run a start began, whoever heard of it first: the answer to the start, or a webhook. The run as it
 * is then, unless it went another way.
 */
export async function confirmStart(
  deps: RunDeps,
  start: Starting | Uncertain,
  agentRunId: string,
): Promise<Run | undefined> {
  let run: Run | undefined = start;
  while (run?.status === 'starting' || run?.status === 'uncertain') {
    // A run with a cancel request is due at once.
    const waitMs = run.cancelAsked === undefined ? firstCheckSeconds * 1000 : 0;
    const checkAfter = new Date(deps.clock() + waitMs).toISOString();
    const moved = await moveRun(deps, run, {
      status: 'running',
      agentRunId,
      ...slotFields(run),
      progress: 0,
      checkAfter,
    });
    if (moved.outcome === 'moved') return moved.run;
    if (moved.outcome === 'taken') throw new Error(`Agent run ${agentRunId} belongs to another run than ${run.id}.`);
    run = await readRun(deps.runs, run.id);
  }
  if (run !== undefined && 'agentRunId' in run && run.agentRunId === agentRunId) return run;
  // The start was given up before its answer came. The next start of this run finds the event, and pays for no other.
  deps.log.error('start.answered-late', { runId: start.id, agentRunId, status: run?.status });
  const receivedAt = new Date(deps.clock()).toISOString();
  await recordEvent(deps.runs, start.id, `answer-${agentRunId}`, { flag: 'START_ANSWERED', agentRunId, receivedAt });
  return undefined;
}
