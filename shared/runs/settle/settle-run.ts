import { announceOutputs } from '../deliver/request-copies.ts';
import { wakeStartRun, wakeStartWaiting } from '../run/messages.ts';
import { readRun } from '../run/move-run.ts';
import { isEnded, type Run } from '../run/run.ts';
import type { SettleDeps } from './deps.ts';
import { settleReport } from './settle-report.ts';
import { settleStart } from './settle-start.ts';

/**
 * Brings a run to where its agent run really is. The only place that believes an ending, because it asks; waking it
 * once more, or for a run that is long done, changes nothing.
 */
export async function settleRun(deps: SettleDeps, runId: string): Promise<void> {
  const found = await readRun(deps.runs, runId);
  if (found === undefined) return deps.log.warn('settle.unknown-run', { runId });
  let run = found;
  // Each step leads to a later state or to "nothing more to do now"; a paused run that goes on takes the most.
  for (let step = 0; step < 8; step += 1) {
    const next: Run | 'settled' = await settleStep(deps, run);
    if (next === 'settled') {
      // Also when the move was made before: an earlier worker may have stopped between the two.
      if (leavesRoom(found, run)) await wakeStartWaiting(deps.startQueue);
      return;
    }
    run = next;
  }
  throw new Error(`Run ${runId} was written by others again and again while it was being settled. Try again.`);
}

/** Whether another run may start now: this one holds no slot any more, or no longer keeps its agent to itself. */
const leavesRoom = (before: Run, run: Run): boolean =>
  isEnded(run) || run.status === 'copying' || run.status === 'waiting' || (isStarting(before) && !isStarting(run));

const isStarting = ({ status }: Run): boolean => status === 'starting' || status === 'uncertain';

async function settleStep(deps: SettleDeps, run: Run): Promise<Run | 'settled'> {
  switch (run.status) {
    case 'claimed':
    case 'gathering':
    case 'restoring':
      // Those that look at objects look again.
      if (deps.clock() >= Date.parse(run.checkAfter)) await wakeStartRun(deps.startQueue, run.id);
      return 'settled';
    case 'starting':
    case 'uncertain':
      return settleStart(deps, run);
    case 'running':
    case 'paused':
      return settleReport(deps, run);
    case 'copying':
      return announceOutputs(deps, run);
    default:
      return 'settled';
  }
}
