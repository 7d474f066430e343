import { InvalidInput } from '../errors.ts';
import type { Condition, Item, Key, Write } from './ports.ts';

const maxWrites = 100;
const maxPartitionBytes = 2048;
const maxSortBytes = 1024;

/** Refuses what DynamoDB would refuse, with the same words in both worlds. */
export function checkWrites(writes: readonly Write[]): void {
  if (writes.length > maxWrites)
    throw new InvalidInput(`A transaction holds at most ${maxWrites} writes; this one has ${writes.length}.`);
  const seen = new Set<string>();
  for (const write of writes) {
    checkWrite(write);
    const name = nameOf(keyOf(write));
    if (seen.has(name)) throw new InvalidInput(`A transaction may write each item once; it has two writes of ${name}.`);
    seen.add(name);
  }
}

export function keyOf(write: Write): Key {
  if ('put' in write) return write.put;
  return 'update' in write ? write.update : write.delete;
}

export const nameOf = ({ pk, sk }: Key): string => `${pk} / ${sk}`;

/** The attributes an update really sets: `undefined` leaves an attribute as it is. */
export const changesOf = (set: Extract<Write, { update: Key }>['set']) =>
  Object.entries(set ?? {}).filter(
    (entry): entry is [string, NonNullable<(typeof entry)[1]> | null] => entry[1] !== undefined,
  );

function checkWrite(write: Write): void {
  const { pk, sk } = keyOf(write);
  if (pk === '' || sk === '') throw new InvalidInput('A key must not be empty: pk and sk need at least one character.');
  checkLength(pk, maxPartitionBytes);
  checkLength(sk, maxSortBytes);
  checkPlaces(write);
  if (!('update' in write)) return;
  const set = changesOf(write.set).map(([name]) => name);
  const remove = write.remove ?? [];
  for (const name of [...set, ...remove])
    if (name === 'pk' || name === 'sk') throw new InvalidInput(`An update cannot change ${name} of ${pk} / ${sk}.`);
  const both = set.find((name) => remove.includes(name));
  if (both !== undefined) throw new InvalidInput(`An update of ${pk} / ${sk} both sets and removes ${both}.`);
}

function checkLength(part: string, maxBytes: number): void {
  const bytes = Buffer.byteLength(part);
  if (bytes > maxBytes)
    throw new InvalidInput(`A key that begins with ${part.slice(0, 60)} has ${bytes} bytes; at most ${maxBytes} fit.`);
}

/** DynamoDB refuses an index key that is empty or not text, and never expires an item at a time it cannot read. */
function checkPlaces(write: Write): void {
  const attributes: Record<string, unknown> = 'put' in write ? write.put : 'update' in write ? (write.set ?? {}) : {};
  const { pk, sk } = keyOf(write);
  for (const name of ['ipk', 'isk'] as const) {
    const value = attributes[name];
    if (value !== undefined && (typeof value !== 'string' || value === ''))
      throw new InvalidInput(
        `${name} of ${pk} / ${sk} must be text of at least one character; remove it to leave the index.`,
      );
    if (typeof value === 'string') checkLength(value, name === 'ipk' ? maxPartitionBytes : maxSortBytes);
  }
  const { expiresAt } = attributes;
  if (expiresAt !== undefined && !Number.isInteger(expiresAt))
    throw new InvalidInput(`expiresAt of ${pk} / ${sk} must be whole seconds since 1970.`);
}

/** Whether what a write asks for is so; for tables that keep their items themselves. */
export function holds(write: Write, existing: Item | undefined): boolean {
  const condition: Condition | undefined = write.if ?? ('update' in write ? {} : undefined);
  if (condition === undefined) return true;
  if (condition === 'absent') return existing === undefined;
  if (existing === undefined) return false;
  return Object.entries(condition).every(([name, value]) =>
    value === null ? existing[name] === undefined : existing[name] === value,
  );
}
