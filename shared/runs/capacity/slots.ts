import type { Table } from '../../platform/ports.ts';
import { allItems } from '../../platform/query-all.ts';
import { ruleSlotKey, slotKey } from '../run/run-items.ts';

export const slotsPk = slotKey(0).pk;

/** The lowest slot that nobody holds, while fewer than allowed are held. Only the write that takes it decides whose it is. */
export const freeSlot = (table: Table, slots: number): Promise<number | undefined> => lowestFree(table, slotsPk, slots);

/** The same among the slots that a rule has for itself. */
export const freeRuleSlot = (table: Table, ruleId: string, slots: number): Promise<number | undefined> =>
  lowestFree(table, ruleSlotKey(ruleId, 0).pk, slots);

/** How many runs of ours hold a slot. */
export async function slotsHeld(table: Table): Promise<number> {
  let held = 0;
  for await (const _ of allItems(table, { pk: slotsPk, prefix: 'SLOT#' })) held += 1;
  return held;
}

async function lowestFree(table: Table, pk: string, slots: number): Promise<number | undefined> {
  const held = new Set<string>();
  for await (const { sk } of allItems(table, { pk, prefix: 'SLOT#' })) held.add(sk);
  // Also of those above, which were given out while more were allowed.
  if (held.size >= slots) return undefined;
  return Array.from({ length: slots }, (_, slot) => slot).find((slot) => !held.has(slotKey(slot).sk));
}
