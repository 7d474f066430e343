import type { Queue } from '../platform/ports.ts';
import { openRuns } from './find-runs.ts';
import { wakeSettle, wakeStartRun, wakeStartWaiting } from './messages.ts';
import type { RunDeps } from './move-run.ts';
import { waitingPk } from './run-items.ts';

export interface ReconcileDeps extends RunDeps {
  readonly settleQueue: Queue;
  readonly startQueue: Queue;
}

/** Wakes whoever is to look at runs that went quiet: a lost message or webhook costs time, never a run. */
export async function reconcileRuns(deps: ReconcileDeps): Promise<{ woken: number; waiting: boolean }> {
  const forgotten: string[] = [];
  const quiet: string[] = [];
  for await (const run of openRuns(deps.runs, new Date(deps.clock())))
    (run.status === 'claimed' ? forgotten : quiet).push(run.id);
  if (forgotten.length > 0) await wakeStartRun(deps.startQueue, ...forgotten);
  if (quiet.length > 0) await wakeSettle(deps.settleQueue, quiet);
  const waiting = (await deps.runs.query({ pk: waitingPk, limit: 1 })).items.length > 0;
  if (waiting) await wakeStartWaiting(deps.startQueue);
  const woken = forgotten.length + quiet.length;
  if (woken > 0) deps.log.info('runs.woken', { forgotten: forgotten.length, quiet: quiet.length });
  return { woken, waiting };
}
