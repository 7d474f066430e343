import type { Item, Table } from '../platform/ports.ts';
import { type Cursor, cursorOf, readCursor } from './cursor.ts';

interface Asked {
  /** The list's partition of the index. */
  readonly pk: string;
  readonly limit: number;
  readonly cursor?: Cursor;
  /** Places, both inclusive. */
  readonly from?: string;
  readonly to?: string;
}

/** What an item of the index stands for, and its place there. */
interface Listed<T> {
  /** Undefined for what the list leaves out. */
  readonly read: (item: Item) => Promise<T | undefined>;
  readonly placeOf: (entry: T) => string;
}

/** One page of a list, from the newest on. A page of the table may end early, so as many are read as it takes. */
export async function listPage<T>(
  table: Table,
  { pk, limit, cursor, from, to }: Asked,
  { read, placeOf }: Listed<T>,
): Promise<{ entries: readonly T[]; next?: Cursor }> {
  const after = cursor === undefined ? undefined : readCursor(cursor);
  const latest = after !== undefined && (to === undefined || after < to) ? after : to;
  if (from !== undefined && latest !== undefined && from > latest) return { entries: [] };
  const entries: T[] = [];
  let rest: string | undefined;
  do {
    // One more than asked for tells whether there is a next page; another, because the cursor's own item comes again.
    const range = { pk, index: true, descending: true, from, to: latest } as const;
    const page = await table.query({ ...range, cursor: rest, limit: limit + 2 });
    const found = await Promise.all(page.items.filter(({ isk }) => isk !== after).map(read));
    entries.push(...found.filter((entry) => entry !== undefined));
    rest = page.next;
  } while (rest !== undefined && entries.length <= limit);
  const last = entries[limit - 1];
  const next = last !== undefined && entries.length > limit ? cursorOf(placeOf(last)) : undefined;
  return { entries: entries.slice(0, limit), next };
}
