import type { Mosaic } from '../../mosaic/client.ts';
import type { Queue } from '../../platform/ports.ts';
import type { Limits } from '../capacity/quotas.ts';
import { announceOutputs } from '../deliver/request-copies.ts';
import { wakeStartRun, wakeStartWaiting } from '../run/messages.ts';
import { type RunDeps, readRun } from '../run/move-run.ts';
import { isEnded, type Run } from '../run/run.ts';
import { settleReport } from './settle-report.ts';
import { settleStart } from './settle-start.ts';

export interface SettleDeps extends RunDeps {
  readonly startQueue: Queue;
  readonly copyQueue: Queue;
  readonly mosaic: Mosaic;
  readonly uncertainWaitSeconds: number;
  readonly runDeadlineSeconds: number;
  /** The rules in force, for how often outputs may become inputs again. */
  readonly rules?: () => Promise<Limits>;
  /** To wake the other paused runs as soon as one was resumed; without it they are looked at when they are due. */
  readonly settleQueue?: Queue;
}

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
