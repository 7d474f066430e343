import type { Table } from '../../platform/ports.ts';
import { allItems } from '../../platform/query-all.ts';
import { ruleSlotKey, slotKey } from '../run/run-items.ts';

export const slotsPk = slotKey(0).pk;

/** The lowest free slot, if fewer than `slots` are held. Only the conditional write that takes it decides who gets it. */
export const freeSlot = (table: Table, slots: number): Promise<number | undefined> => lowestFree(table, slotsPk, slots);

/** The same for a rule's own slots. */
export const freeRuleSlot = (table: Table, ruleId: string, slots: number): Promise<number | undefined> =>
  lowestFree(table, ruleSlotKey(ruleId, 0).pk, slots);

/** How many of our runs hold a slot. */
export async function slotsHeld(table: Table): Promise<number> {
  let held = 0;
  for await (const _ of allItems(table, { pk: slotsPk, prefix: 'SLOT#' })) held += 1;
  return held;
}

async function lowestFree(table: Table, pk: string, slots: number): Promise<number | undefined> {
  const held = new Set<string>();
  for await (const { sk } of allItems(table, { pk, prefix: 'SLOT#' })) held.add(sk);
  // Counts slots above the limit too: they were taken while more were allowed.
  if (held.size >= slots) return undefined;
  return Array.from({ length: slots }, (_, slot) => slot).find((slot) => !held.has(slotKey(slot).sk));
}
