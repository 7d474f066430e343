import type { Item, Page, Query, Table } from '../../shared/platform/ports.ts';

/** A table that says how often it was asked, and for how many items. */
export function countingTable(inner: Table) {
  const counts = { queries: 0, items: 0, gets: 0 };
  const table: Table = {
    get: async (key) => {
      counts.gets += 1;
      return inner.get(key);
    },
    write: (...writes) => inner.write(...writes),
    query: async (query) => {
      const page = await inner.query(query);
      counts.queries += 1;
      counts.items += page.items.length;
      return page;
    },
  };
  return { table, counts };
}

/** One sorted partition of made items, as large as a test likes: nothing but what is asked for is ever made. */
export function madePartition(size: number, itemAt: (index: number) => Item): (query: Query) => Page {
  return ({ from, to, prefix, limit = 1000, descending = false, cursor }) => {
    const skAt = (index: number) => itemAt(index).sk;
    const low = firstNotBelow(size, skAt, from ?? prefix ?? '');
    const high = firstNotBelow(size, skAt, `${to ?? `${prefix ?? ''}\u{10FFFF}`}\0`);
    const count = Math.min(limit, 1000);
    const start = cursor === undefined ? (descending ? high - 1 : low) : Number(cursor);
    const items: Item[] = [];
    let at = start;
    for (; items.length < count && at >= low && at < high; at += descending ? -1 : 1) items.push(itemAt(at));
    return { items, ...(at >= low && at < high && { next: String(at) }) };
  };
}

function firstNotBelow(size: number, skAt: (index: number) => string, bound: string): number {
  let [low, high] = [0, size];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (skAt(middle) < bound) low = middle + 1;
    else high = middle;
  }
  return low;
}
