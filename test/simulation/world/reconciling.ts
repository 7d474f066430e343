import { laterPk, openPk, outboxPk, shards, uploadingPk, waitingPk } from '../../../shared/runs/run-items.ts';
import type { MemoryTable } from '../ports/table.ts';
import type { Ground } from './ground.ts';

/** Runs reconcile by its schedule, now and then late. */
export function scheduleReconcile(ground: Ground, table: MemoryTable, reconcile: () => void): void {
  const { scheduler, random, faults, workload } = ground;
  const late = faults.happens('reconcile-late') ? random.below(workload.reconcileMs * 3) : 0;
  // Once all is well, what is due is due in a while as well.
  const everyMs = faults.stopped() ? Math.max(workload.reconcileMs, 900_000) : workload.reconcileMs;
  scheduler.after(everyMs + late, () => {
    scheduleReconcile(ground, table, reconcile);
    // A look that finds nothing does nothing, so it need not be made to happen.
    if (isSomethingDue(table, ground.clock())) reconcile();
  });
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
