import type { Bucket, Item, Key, Queue, Table, Write } from '../../platform/ports.ts';

/** The same table, but writes stay in memory and are seen only through this object. */
export function whatIfTable(table: Table): Table {
  const written = new Map<string, Item | undefined>();
  const get = async (key: Key) => (written.has(nameOf(key)) ? written.get(nameOf(key)) : table.get(key));
  return {
    get,
    query: (query) => table.query(query),
    async write(...writes) {
      for (const write of writes) written.set(nameOf(keyOf(write)), await after(write, get));
      return { done: true };
    },
  };
}

/** The same bucket without the calls that cost money or change something. */
export function whatIfBucket(bucket: Bucket): Bucket {
  const never = async () => {
    throw new Error('Nothing is written to find out what would be.');
  };
  return {
    name: bucket.name,
    head: (key, options) => bucket.head(key, options),
    read: (key, options) => bucket.read(key, options),
    list: (options) => bucket.list(options),
    listParts: (upload) => bucket.listParts(upload),
    listUploads: (options) => bucket.listUploads(options),
    restore: async () => {},
    ...{ put: never, link: never, startUpload: never, putPart: never, publish: never, abandon: never },
  };
}

/** Accepts every message and drops it. */
export const whatIfQueue: Queue = {
  send: async () => {},
  receive: async () => [],
  extend: async () => {},
  done: async () => {},
  count: async () => 0,
};

async function after(write: Write, get: (key: Key) => Promise<Item | undefined>): Promise<Item | undefined> {
  if ('put' in write) return write.put;
  if ('delete' in write) return undefined;
  const before = await get(write.update);
  const kept = Object.entries(before ?? {}).filter(([name]) => !write.remove?.includes(name));
  return { ...Object.fromEntries(kept), ...write.set, ...write.update, type: before?.type ?? '' };
}

const keyOf = (write: Write): Key => ('put' in write ? write.put : 'update' in write ? write.update : write.delete);

const nameOf = ({ pk, sk }: Key): string => `${pk} / ${sk}`;
