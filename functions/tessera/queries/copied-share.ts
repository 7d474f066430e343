import type { Table } from '../../../shared/platform/ports.ts';
import { outputStates } from '../../../shared/runs/run/output-items.ts';
import type { Copying } from '../../../shared/runs/run/run.ts';

/** How much of a run's outputs has arrived, from 0 to 1; of one that is under way, what its copy has noted. */
export async function copiedShare(table: Table, { id, expected }: Copying): Promise<number> {
  const states = await outputStates(table, id);
  let share = 0;
  for (const state of states.values()) {
    const bytes = state.status === 'copying' ? state.transfer?.bytes : undefined;
    if (state.status !== 'copying') share += 1;
    else if (bytes) share += Math.min(1, (state.arrivedBytes ?? 0) / bytes);
  }
  return Math.min(1, share / Math.max(1, expected.length));
}
