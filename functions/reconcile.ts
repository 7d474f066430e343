import { type ReconcileDeps, reconcileRuns } from '../shared/runs/reconcile/reconcile-runs.ts';

/** Run by a schedule; what the schedule says does not matter. */
export const reconcileHandler =
  (deps: ReconcileDeps) =>
  (_event?: unknown): Promise<{ woken: number; waiting: boolean }> =>
    reconcileRuns(deps);
