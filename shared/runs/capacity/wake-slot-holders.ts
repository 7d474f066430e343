import type { Queue } from '../../platform/ports.ts';
import { allItems } from '../../platform/query-all.ts';
import type { RunDeps } from '../run/deps.ts';
import { wakeSettle } from '../run/messages.ts';
import { slotsPk } from './slots.ts';

/** Wakes settle for all runs that hold a slot. Paused runs are resumed; for the others settle only checks the state. */
export async function wakeHolders({ runs, settleQueue }: RunDeps & { readonly settleQueue: Queue }): Promise<void> {
  const runIds: string[] = [];
  for await (const { runId } of allItems(runs, { pk: slotsPk })) runIds.push(String(runId));
  if (runIds.length > 0) await wakeSettle(settleQueue, runIds);
}
