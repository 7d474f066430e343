import type { Queue } from '../../platform/ports.ts';
import { allItems } from '../../platform/query-all.ts';
import type { RunDeps } from '../run/deps.ts';
import { wakeSettle } from '../run/messages.ts';
import { slotsPk } from './slots.ts';

/** Wakes settle for all runs that hold a slot: the paused ones are among them, and the others are only looked at. */
export async function wakeHolders({ runs, settleQueue }: RunDeps & { readonly settleQueue: Queue }): Promise<void> {
  const runIds: string[] = [];
  for await (const { runId } of allItems(runs, { pk: slotsPk })) runIds.push(String(runId));
  if (runIds.length > 0) await wakeSettle(settleQueue, runIds);
}
