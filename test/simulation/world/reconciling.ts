import { laterPk, openPk, outboxPk, shards, uploadingPk, waitingPk } from '../../../shared/runs/run/run-items.ts';
import type { MemoryTable } from '../ports/table.ts';
import { type Ground, startMs } from './ground.ts';

/** Runs reconcile by its schedule, now and then late. */
export function scheduleReconcile(ground: Ground, table: MemoryTable, reconcile: () => void): void {
  const { scheduler, random, faults, workload } = ground;
  const late = faults.happens('reconcile-late') ? random.below(workload.reconcileMs * 3) : 0;
  scheduler.after(everyMs(ground) + late, () => {
    scheduleReconcile(ground, table, reconcile);
    // A look that finds nothing does nothing, so it need not be made to happen.
    if (isSomethingDue(table, ground.clock())) reconcile();
  });
}

/** Once all is well for hours, what is due may wait for a while as well: weeks are long. */
function everyMs({ workload, clock }: Ground): number {
  const isLongWell = clock() > startMs + workload.faultsForMs + 6 * 3600_000;
  return isLongWell ? 3600_000 : workload.reconcileMs;
}

function isSomethingDue(table: MemoryTable, nowMs: number): boolean {
  const to = new Date(nowMs).toISOString();
  const dayBefore = new Date(nowMs - 24 * 3600_000).toISOString();
  return (
    table.has({ pk: waitingPk }) ||
    // Those whose time has come join their line again.
    table.has({ pk: laterPk, to: `${to}\u{10FFFF}` }) ||
    shards.some(
      (shard) =>
        table.has({ pk: openPk(shard), index: true, to }) ||
        table.has({ pk: outboxPk(shard) }) ||
        table.has({ pk: uploadingPk(shard), to: dayBefore }),
    )
  );
}
