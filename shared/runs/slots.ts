import type { Table } from '../platform/ports.ts';
import { allItems } from './all-items.ts';
import { account, slotKey } from './run-items.ts';

/** The lowest slot that nobody holds, while fewer than allowed are held. Only the write that takes it decides whose it is. */
export async function freeSlot(table: Table, slots: number): Promise<number | undefined> {
  const held = new Set<string>();
  for await (const { sk } of allItems(table, { pk: `SLOTS#${account}`, prefix: 'SLOT#' })) held.add(sk);
  // Also of those above, which were given out while more were allowed.
  if (held.size >= slots) return undefined;
  return Array.from({ length: slots }, (_, slot) => slot).find((slot) => !held.has(slotKey(slot).sk));
}
