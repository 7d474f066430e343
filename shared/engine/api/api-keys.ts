import { createHash, randomUUID } from 'node:crypto';
import { InvalidInput } from '../../errors.ts';
import type { Clock, Item, Key, Table } from '../../platform/ports.ts';

export interface ApiKey {
  readonly id: string;
  readonly createdAt: string;
}

/**
 * Makes `key` one that the API accepts; nothing changes when it is one already. Only its hash is stored.
 * A key is revoked by deleting its item.
 */
export async function ensureKey(table: Table, key: string, clock: Clock = Date.now): Promise<ApiKey> {
  if (!/^mk_[\w-]{16,200}$/.test(key))
    throw new InvalidInput(
      'An API key is "mk_" and at least 16 letters, digits, "_" or "-". Set the secret to such a value.',
    );
  const apiKey: ApiKey = { id: randomUUID(), createdAt: new Date(clock()).toISOString() };
  const written = await table.write({ put: toItem(key, apiKey), if: 'absent' });
  if (written.done) return apiKey;
  const existing = written.conflicts[0]?.existing;
  return existing ? fromItem(existing) : apiKey;
}

/**
 * Who calls, by the bearer key. It is found by its SHA-256, so no comparison leaks how much of a guess was right.
 * `firstKey` is the secret that was generated at deploy: accepted from its first use, and after a rotation, with no set-up.
 */
export async function findKey(
  table: Table,
  key: string | undefined,
  firstKey?: () => Promise<string>,
): Promise<ApiKey | undefined> {
  if (!key?.startsWith('mk_')) return undefined;
  const item = await table.get(keyOf(key));
  if (item) return fromItem(item);
  const first = await firstKey?.();
  return first !== undefined && hashOf(first) === hashOf(key) ? ensureKey(table, key) : undefined;
}

const hashOf = (key: string): string => createHash('sha256').update(key).digest('hex');
const keyOf = (key: string): Key => ({ pk: `KEY#${hashOf(key)}`, sk: 'KEY' });

const toItem = (key: string, { id, createdAt }: ApiKey): Item => ({ ...keyOf(key), type: 'api-key', id, createdAt });
const fromItem = (item: Item): ApiKey => ({ id: String(item.id), createdAt: String(item.createdAt) });
