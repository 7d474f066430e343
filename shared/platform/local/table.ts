import { InvalidInput } from '../../errors.ts';
import { fromCursor, toCursor } from '../cursor.ts';
import { afterPrefix } from '../key-range.ts';
import type { Item, Json, Key, Page, Query, Table, Write, Written } from '../ports.ts';
import { changesOf, checkWrites, holds, keyOf, nameOf } from '../writes.ts';
import type { Database, Value } from './database.ts';

const maxItemBytes = 400 * 1024;
const maxPageItems = 1000;
const maxPageBytes = 1024 * 1024;

/** `beforeWrite` is for what is done now and then. */
export function openTable(database: Database, store: string, beforeWrite: () => void = () => {}): Table {
  return {
    get: async (key) => find(database, store, key),
    write: async (...writes) => {
      checkWrites(writes);
      beforeWrite();
      return database.transaction(() => writeAll(database, store, writes));
    },
    query: async (query) => readPage(database, store, query),
  };
}

function find(database: Database, store: string, { pk, sk }: Key): Item | undefined {
  const sql = 'SELECT json FROM items WHERE store = ? AND pk = ? AND sk = ?';
  const row = database.get<{ json: string }>(sql, store, pk, sk);
  return row && JSON.parse(row.json);
}

function writeAll(database: Database, store: string, writes: readonly Write[]): Written {
  const found = writes.map((write) => find(database, store, keyOf(write)));
  const conflicts = writes.flatMap((write, index) =>
    holds(write, found[index]) ? [] : [{ index, ...(found[index] && { existing: found[index] }) }],
  );
  if (conflicts.length > 0) return { done: false, conflicts };
  writes.forEach((write, index) => {
    const next = after(write, found[index]);
    if (next) save(database, store, next);
    else
      database.run('DELETE FROM items WHERE store = ? AND pk = ? AND sk = ?', store, keyOf(write).pk, keyOf(write).sk);
  });
  return { done: true };
}

function after(write: Write, existing: Item | undefined): Item | undefined {
  if ('put' in write) return write.put;
  if ('delete' in write || !existing) return undefined;
  const next: Record<string, Json | undefined> = { ...existing, ...Object.fromEntries(changesOf(write.set)) };
  for (const name of write.remove ?? []) delete next[name];
  return next as Item;
}

function save(database: Database, store: string, item: Item): void {
  const json = JSON.stringify(item, refuseNotFinite);
  if (Buffer.byteLength(json) > maxItemBytes)
    throw new InvalidInput(`The item ${nameOf(item)} is larger than the 400 KB that a table item may have.`);
  const sql = 'INSERT OR REPLACE INTO items (store, pk, sk, ipk, isk, expires_at, json) VALUES (?, ?, ?, ?, ?, ?, ?)';
  database.run(sql, store, item.pk, item.sk, item.ipk ?? null, item.isk ?? null, item.expiresAt ?? null, json);
}

function refuseNotFinite(name: string, value: unknown): unknown {
  if (typeof value === 'number' && !Number.isFinite(value))
    throw new InvalidInput(`${name} is ${value}; a table keeps finite numbers.`);
  return value;
}

function readPage(database: Database, store: string, query: Query): Page {
  if (query.prefix !== undefined && (query.from !== undefined || query.to !== undefined))
    throw new InvalidInput('A query takes a prefix or bounds, not both.');
  const limit = Math.min(query.limit ?? maxPageItems, maxPageItems);
  const { sql, values } = statementOf(store, query);
  const rows = database.all<{ json: string }>(sql, ...values, limit + 1);
  const kept = rows.slice(0, fitting(rows, limit));
  const items = kept.map((row): Item => JSON.parse(row.json));
  const last = items.at(-1);
  return { items, ...(rows.length > kept.length && last && { next: toCursor(placeOf(last, query)) }) };
}

/** As many rows as one page may hold: at least one, and no more than DynamoDB would return at once. */
function fitting(rows: readonly { json: string }[], limit: number): number {
  let bytes = 0;
  for (const [index, row] of rows.entries()) {
    bytes += Buffer.byteLength(row.json);
    if (index === limit || bytes > maxPageBytes) return Math.max(1, index);
  }
  return rows.length;
}

function statementOf(store: string, query: Query): { sql: string; values: Value[] } {
  const [partition, sort, order] = query.index ? ['ipk', 'isk', '(isk, pk, sk)'] : ['pk', 'sk', '(sk)'];
  const where = [`store = ?`, `${partition} = ?`, `${sort} IS NOT NULL`];
  const values: Value[] = [store, query.pk];
  const also = (clause: string, ...more: Value[]) => where.push(clause) && values.push(...more);
  const from = query.prefix ?? query.from;
  const to = query.prefix === undefined ? query.to : afterPrefix(query.prefix);
  if (from !== undefined) also(`${sort} >= ?`, from);
  if (to !== undefined) also(`${sort} <= ?`, to);
  if (query.cursor !== undefined) also(...beyond(query, order));
  const columns = order.slice(1, -1).split(', ');
  const direction = query.descending ? 'DESC' : 'ASC';
  const orderBy = columns.map((column) => `${column} ${direction}`).join(', ');
  return { sql: `SELECT json FROM items WHERE ${where.join(' AND ')} ORDER BY ${orderBy} LIMIT ?`, values };
}

function beyond(query: Query, order: string): [string, ...Value[]] {
  const place = fromCursor(query.cursor ?? '');
  const { pk = '', sk = '', isk = '' } = place;
  const values = query.index ? [isk, pk, sk] : [sk];
  return [`${order} ${query.descending ? '<' : '>'} (${values.map(() => '?').join(', ')})`, ...values];
}

const placeOf = (item: Item, query: Query) => ({
  pk: item.pk,
  sk: item.sk,
  ...(query.index && { ipk: item.ipk, isk: item.isk }),
});
