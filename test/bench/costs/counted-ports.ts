import type { Bucket, EventBus, Item, Json, Key, Queue, Table, Write } from '../../../shared/platform/ports.ts';
import type { BenchPorts } from '../bench-world.ts';
import { callMs } from './prices.ts';
import type { Tally } from './tally.ts';

/** The same ports; what each call would be asked for in AWS is counted. */
export const countedPorts = (ports: BenchPorts, tally: Tally): BenchPorts => ({
  runs: countedTable(ports.runs, tally),
  uploads: countedBucket(ports.uploads, tally),
  deliveries: countedBucket(ports.deliveries, tally),
  payloads: countedBucket(ports.payloads, tally),
  startQueue: countedQueue(ports.startQueue, tally),
  settleQueue: countedQueue(ports.settleQueue, tally),
  copyQueue: countedQueue(ports.copyQueue, tally),
  notifyQueue: countedQueue(ports.notifyQueue, tally),
  bus: countedBus(ports.bus, tally),
  mosaic: slow(ports.mosaic, () => tally.waits(callMs.mosaic)),
});

const sizeOf = (value: Json | undefined): number =>
  value === undefined ? 0 : Buffer.byteLength(JSON.stringify(value));
const readUnits = (bytes: number): number => Math.max(1, Math.ceil(bytes / 4096));
const writeUnits = (bytes: number): number => Math.max(1, Math.ceil(bytes / 1024));
const keyOf = (write: Write): Key => ('put' in write ? write.put : 'update' in write ? write.update : write.delete);

function countedTable(table: Table, { add, waits }: Tally): Table {
  return {
    get: async (key) => {
      const item = await table.get(key);
      add('tableRead', readUnits(sizeOf(item)));
      waits(callMs.table);
      return item;
    },
    query: async (query) => {
      const page = await table.query(query);
      const units = readUnits(page.items.reduce((sum, item) => sum + sizeOf(item), 0));
      // The index is read as it was a moment ago, which costs half.
      add('tableRead', query.index ? units / 2 : units);
      waits(callMs.table);
      return page;
    },
    write: async (...writes) => {
      const before = await Promise.all(writes.map((write) => table.get(keyOf(write))));
      const written = await table.write(...writes);
      for (const [place, write] of writes.entries()) {
        const [from, to] = [before[place], await table.get(keyOf(write))];
        const own = writeUnits(Math.max(sizeOf(from), sizeOf(to)));
        add('tableWrite', writes.length > 1 ? own * 2 : own);
        if (written.done) add('tableWrite', indexUnits(from, to));
      }
      waits(writes.length > 1 ? callMs.table * 2 : callMs.table);
      return written;
    },
  };
}

/** An item that changes its place in the index is deleted there and written anew. */
function indexUnits(from: Item | undefined, to: Item | undefined): number {
  const [before, after] = [placeOf(from), placeOf(to)];
  if (before === undefined && after === undefined) return 0;
  if (before === after) return JSON.stringify(from) === JSON.stringify(to) ? 0 : writeUnits(sizeOf(to));
  return (before === undefined ? 0 : writeUnits(sizeOf(from))) + (after === undefined ? 0 : writeUnits(sizeOf(to)));
}

const placeOf = (item: Item | undefined): string | undefined =>
  item?.ipk === undefined || item.isk === undefined ? undefined : `${item.ipk} ${item.isk}`;

/** Links are signed without asking anybody; parts that are abandoned cost nothing. */
export function countedBucket(bucket: Bucket, { add, waits }: Tally): Bucket {
  const counted =
    <A extends unknown[], R>(what: 'bucketRead' | 'bucketWrite', call: (...args: A) => Promise<R>) =>
    (...args: A): Promise<R> => {
      add(what);
      waits(callMs.bucket);
      return call(...args);
    };
  return {
    ...bucket,
    head: counted('bucketRead', bucket.head),
    read: counted('bucketRead', bucket.read),
    put: counted('bucketWrite', bucket.put),
    list: counted('bucketWrite', bucket.list),
    startUpload: counted('bucketWrite', bucket.startUpload),
    putPart: counted('bucketWrite', bucket.putPart),
    listParts: counted('bucketWrite', bucket.listParts),
    listUploads: counted('bucketWrite', bucket.listUploads),
    publish: (...args) => {
      // The adapter looks at what it has made.
      add('bucketRead');
      add('bucketWrite');
      waits(callMs.bucket * 2);
      return bucket.publish(...args);
    },
  };
}

function countedQueue(queue: Queue, { add, waits }: Tally): Queue {
  return {
    ...queue,
    send: async (...messages) => {
      add('queue', Math.ceil(messages.length / 10));
      waits(callMs.queue);
      await queue.send(...messages);
    },
    extend: async (receipt, seconds) => {
      add('queue');
      waits(callMs.queue);
      await queue.extend(receipt, seconds);
    },
  };
}

const countedBus = (bus: EventBus, { add, waits }: Tally): EventBus => ({
  put: async (...events) => {
    add('event', events.length);
    waits(callMs.bus);
    await bus.put(...events);
  },
});

/** Each of its functions says first that it was called. */
const slow = <T extends object>(target: T, called: () => void): T =>
  new Proxy(target, {
    get: (of, name) => {
      const member = Reflect.get(of, name);
      if (typeof member !== 'function') return member;
      return (...args: unknown[]) => {
        called();
        return member.apply(of, args);
      };
    },
  });
