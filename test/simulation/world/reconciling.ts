import { laterPk, openPk, shards, waitingPk } from '../../../shared/runs/run-items.ts';
import type { MemoryTable } from '../ports/table.ts';
import type { Ground } from './ground.ts';

/** Runs reconcile by its schedule, now and then late. */
export function scheduleReconcile(ground: Ground, table: MemoryTable, reconcile: () => void): void {
  const { scheduler, random, faults, workload } = ground;
  const late = faults.happens('reconcile-late') ? random.below(workload.reconcileMs * 3) : 0;
  scheduler.after(workload.reconcileMs + late, () => {
    scheduleReconcile(ground, table, reconcile);
    // A look that finds nothing does nothing, so it need not be made to happen.
    if (isSomethingDue(table, ground.clock())) reconcile();
  });
}

function isSomethingDue(table: MemoryTable, nowMs: number): boolean {
  const to = new Date(nowMs).toISOString();
  const count = (pk: string) => table.query({ pk, index: true, to, limit: 1 }).items.length;
  const isThere = (query: { pk: string; to?: string }) => table.query({ ...query, limit: 1 }).items.length > 0;
  return (
    shards.some((shard) => count(openPk(shard)) > 0) ||
    isThere({ pk: waitingPk }) ||
    // Those whose time has come join their line again.
    isThere({ pk: laterPk, to: `${to}\u{10FFFF}` })
  );
}
