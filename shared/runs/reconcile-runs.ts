import type { Queue } from '../platform/ports.ts';
import { allItems } from './all-items.ts';
import { wakeSettle, wakeStartWaiting } from './messages.ts';
import type { RunDeps } from './move-run.ts';
import { openPk, shards, waitingPk } from './run-items.ts';

export interface ReconcileDeps extends RunDeps {
  readonly settleQueue: Queue;
  readonly startQueue: Queue;
}

/** Wakes whoever is to look at runs that went quiet: a lost message or webhook costs time, never a run. */
export async function reconcileRuns(deps: ReconcileDeps): Promise<{ woken: number; waiting: boolean }> {
  const quiet = await dueRunIds(deps);
  if (quiet.length > 0) {
    await wakeSettle(deps.settleQueue, quiet);
    deps.log.info('runs.woken', { quiet: quiet.length });
  }
  const waiting = (await deps.runs.query({ pk: waitingPk, limit: 1 })).items.length > 0;
  if (waiting) await wakeStartWaiting(deps.startQueue);
  return { woken: quiet.length, waiting };
}

/** Ids only, so that a run which this version cannot read keeps no other from being woken. */
async function dueRunIds({ runs, clock }: ReconcileDeps): Promise<readonly string[]> {
  const to = new Date(clock()).toISOString();
  const ids: string[] = [];
  for (const shard of shards)
    for await (const { id } of allItems(runs, { pk: openPk(shard), index: true, to })) ids.push(String(id));
  return ids;
}
