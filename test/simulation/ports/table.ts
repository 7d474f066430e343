import { InvalidInput } from '../../../shared/errors.ts';
import { fromCursor, toCursor } from '../../../shared/platform/cursor.ts';
import type { Item, Json, Key, Page, Query, Table, Write, Written } from '../../../shared/platform/ports.ts';
import { changesOf, checkWrites, holds, keyOf, nameOf } from '../../../shared/platform/writes.ts';
import { compareBytes } from './order.ts';

const maxItemBytes = 400 * 1024;
const maxPageItems = 1000;
const maxPageBytes = 1024 * 1024;

/** A table in memory whose every operation is done at once; `asTable` gives it the port's shape. */
export interface MemoryTable {
  get(key: Key): Item | undefined;
  write(writes: readonly Write[]): Written;
  query(query: Query): Page;
  /** Whether a query up to there would find anything. */
  has(query: Pick<Query, 'pk' | 'index' | 'to'>): boolean;
  /** Deletes what is past its end, as the store does some time or other; tells how many. */
  expire(nowMs: number): number;
  /** Every item, partition by partition. */
  all(): Iterable<Item>;
}

export interface Changed {
  readonly before?: Item;
  readonly after?: Item;
}

interface Stored {
  /** Frozen, so that it may be given out without a copy. */
  readonly item: Item;
  readonly bytes: number;
}

interface Partition {
  readonly sks: string[];
  readonly items: Map<string, Stored>;
}

/** `watch` sees each transaction that was made, `seen` each text in it. */
export function memoryTable(
  watch: (changes: readonly Changed[]) => void = () => {},
  seen: (text: string) => void = () => {},
): MemoryTable {
  const partitions = new Map<string, Partition>();
  const index = new Map<string, Map<string, Stored>>();
  const find = ({ pk, sk }: Key) => partitions.get(pk)?.items.get(sk);

  function put(stored: Stored): void {
    const { pk, sk, ipk, isk } = stored.item;
    remove({ pk, sk });
    const partition = partitions.get(pk) ?? { sks: [], items: new Map() };
    partitions.set(pk, partition);
    partition.sks.splice(placeFor(partition.sks, sk), 0, sk);
    partition.items.set(sk, stored);
    if (ipk === undefined || isk === undefined) return;
    const entries = index.get(ipk) ?? new Map();
    index.set(ipk, entries);
    entries.set(nameOf({ pk, sk }), stored);
  }

  function remove(key: Key): void {
    const partition = partitions.get(key.pk);
    const stored = partition?.items.get(key.sk);
    if (partition === undefined || stored === undefined) return;
    partition.items.delete(key.sk);
    partition.sks.splice(placeFor(partition.sks, key.sk), 1);
    if (stored.item.ipk !== undefined) index.get(stored.item.ipk)?.delete(nameOf(key));
  }

  const table: MemoryTable = {
    get: (key) => find(key)?.item,
    write(writes) {
      checkWrites(writes);
      const found = writes.map((write) => find(keyOf(write))?.item);
      const nexts = writes.map((write, at) => after(write, found[at], seen));
      const conflicts = writes.flatMap((write, at) =>
        holds(write, found[at]) ? [] : [{ index: at, ...(found[at] && { existing: found[at] }) }],
      );
      if (conflicts.length > 0) return { done: false, conflicts };
      writes.forEach((write, at) => {
        const next = nexts[at];
        if (next === undefined) remove(keyOf(write));
        else put(next);
      });
      watch(writes.map((_, at) => ({ before: found[at], after: nexts[at]?.item })));
      return { done: true };
    },
    query(query) {
      if (query.prefix !== undefined && (query.from !== undefined || query.to !== undefined))
        throw new InvalidInput('A query takes a prefix or bounds, not both.');
      const beyond = query.cursor === undefined ? undefined : fromCursor(query.cursor);
      const rows = query.index ? indexed(index.get(query.pk), query) : sorted(partitions.get(query.pk), query);
      if (query.descending) rows.reverse();
      const rest = beyond === undefined ? rows : rows.filter(({ item }) => isBeyond(item, beyond, query));
      return pageOf(rest, query);
    },
    has({ pk, index: isIndex = false, to = '\u{10FFFF}' }) {
      if (!isIndex) return compareBytes(partitions.get(pk)?.sks[0] ?? '\u{10FFFF}', to) < 0;
      for (const { item } of index.get(pk)?.values() ?? []) if (compareBytes(item.isk ?? '', to) <= 0) return true;
      return false;
    },
    expire(nowMs) {
      const past = [...table.all()].filter(({ expiresAt }) => expiresAt !== undefined && expiresAt * 1000 <= nowMs);
      for (const key of past) remove(key);
      return past.length;
    },
    *all() {
      for (const { items } of partitions.values()) for (const { item } of items.values()) yield item;
    },
  };
  return table;
}

export const asTable = (memory: MemoryTable): Table => ({
  get: async (key) => memory.get(key),
  write: async (...writes) => memory.write(writes),
  query: async (query) => memory.query(query),
});

function after(write: Write, existing: Item | undefined, seen: (text: string) => void): Stored | undefined {
  if ('put' in write) return storedOf(write.put, seen);
  if ('delete' in write || existing === undefined) return undefined;
  const next: Record<string, Json | undefined> = { ...existing, ...Object.fromEntries(changesOf(write.set)) };
  for (const name of write.remove ?? []) delete next[name];
  return storedOf(next as Item, seen);
}

function storedOf(item: Item, seen: (text: string) => void): Stored {
  let bytes = 0;
  const copy = (value: unknown, name: string): unknown => {
    if (typeof value === 'string') {
      bytes += value.length;
      seen(value);
      return value;
    }
    bytes += 8;
    if (typeof value === 'number' && !Number.isFinite(value))
      throw new InvalidInput(`${name} is ${value}; a table keeps finite numbers.`);
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) return Object.freeze(value.map((each) => copy(each, name)));
    const entries = value as Record<string, unknown>;
    const copied: Record<string, unknown> = {};
    for (const key of Object.keys(entries)) {
      if (entries[key] === undefined) continue;
      bytes += key.length;
      copied[key] = copy(entries[key], key);
    }
    return Object.freeze(copied);
  };
  const copied = copy(item, 'item') as Item;
  if (bytes > maxItemBytes)
    throw new InvalidInput(`The item ${nameOf(item)} is larger than the 400 KB that a table item may have.`);
  return { item: copied, bytes };
}

function sorted(partition: Partition | undefined, query: Query): Stored[] {
  if (partition === undefined) return [];
  const within = bounds(query);
  return partition.sks.filter(within).map((sk) => partition.items.get(sk) as Stored);
}

function indexed(entries: Map<string, Stored> | undefined, query: Query): Stored[] {
  const within = bounds(query);
  const rows = [...(entries?.values() ?? [])].filter(({ item }) => within(item.isk ?? ''));
  return rows.sort((a, b) => compareBy(placeOf(a.item, query), placeOf(b.item, query)));
}

const bounds =
  ({ prefix, from, to }: Query) =>
  (key: string): boolean =>
    (prefix === undefined || key.startsWith(prefix)) &&
    (from === undefined || compareBytes(key, from) >= 0) &&
    (to === undefined || compareBytes(key, to) <= 0);

const placeOf = ({ pk, sk, isk }: Item, { index }: Query): readonly string[] => (index ? [isk ?? '', pk, sk] : [sk]);

function isBeyond(item: Item, beyond: Record<string, string>, query: Query): boolean {
  const last = placeOf(beyond as unknown as Item, query);
  const order = compareBy(placeOf(item, query), last);
  return query.descending ? order < 0 : order > 0;
}

function compareBy(a: readonly string[], b: readonly string[]): number {
  for (const [at, text] of a.entries()) {
    const order = compareBytes(text, b[at] ?? '');
    if (order !== 0) return order;
  }
  return 0;
}

function pageOf(rows: readonly Stored[], query: Query): Page {
  const limit = Math.min(query.limit ?? maxPageItems, maxPageItems);
  const items: Item[] = [];
  let bytes = 0;
  for (const stored of rows) {
    bytes += stored.bytes;
    if (items.length === limit || (items.length > 0 && bytes > maxPageBytes)) break;
    items.push(stored.item);
  }
  const last = items.at(-1);
  if (items.length === rows.length || last === undefined) return { items };
  const { pk, sk, ipk, isk } = last;
  return { items, next: toCursor({ pk, sk, ...(query.index && { ipk, isk }) }) };
}

/** Where the key is, or belongs. */
function placeFor(sks: readonly string[], sk: string): number {
  let low = 0;
  let high = sks.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compareBytes(sks[middle] ?? '', sk) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
