import type { Bucket, EventBus, Outgoing, Queue, Table, Write } from '../../shared/platform/ports.ts';
import type { FaultKind, Faults } from './faults.ts';
import type { MemoryBucket } from './ports/bucket.ts';
import type { MemoryBus } from './ports/bus.ts';
import type { MemoryQueue } from './ports/queue.ts';
import type { MemoryTable } from './ports/table.ts';
import type { Random } from './random.ts';
import type { CallKind, Worker, Workshop } from './worker.ts';

export interface PortWorld {
  readonly shop: Workshop;
  readonly faults: Faults;
  readonly random: Random;
}

/** The runs table as one worker has it: each operation takes time, may fail, and may be the worker's last. */
export function invokedTable({ shop, faults, random }: PortWorld, worker: Worker, memory: MemoryTable): Table {
  const failing = failures(faults, 'table-throttled', 'table-written-but-failed', 'The table is throttled.');
  return {
    get(key) {
      if (key.sk === 'RUN') worker.readRuns.add(key.pk);
      return shop.call(worker, `get ${key.pk}/${key.sk}`, failing('read'), () => memory.get(key));
    },
    write: (...writes) =>
      shop.call(worker, `write ${writes.map(nameOfWrite).join(', ')}`, failing('write'), () => memory.write(writes)),
    query: (query) =>
      shop.call(worker, `query ${query.pk}`, failing('read'), () => {
        const page = memory.query(query);
        // An index follows its table a moment later: what was written last may not show yet.
        if (!query.index || page.items.length === 0 || !faults.happens('index-behind')) return page;
        return { ...page, items: page.items.filter(() => random.chance(0.5)) };
      }),
  };
}

const nameOfWrite = (write: Write): string => {
  if ('put' in write)
    return `${write.put.pk}/${write.put.sk}${write.put.status === undefined ? '' : `=${write.put.status}`}`;
  const key = 'update' in write ? write.update : write.delete;
  return `${'delete' in write ? '−' : ''}${key.pk}/${key.sk}`;
};

/** `refusal`: why we may not do that with this key now. */
export function invokedBucket(
  { shop, faults }: PortWorld,
  worker: Worker,
  memory: MemoryBucket,
  refusal: (key: string) => Error | undefined = () => undefined,
): Bucket {
  const failing = failures(faults, 'bucket-failed', 'bucket-written-but-failed', 'The bucket answered 503 Slow Down.');
  const call = <T>(kind: CallKind, what: string, key: string, perform: () => T) => {
    const options = failing(kind);
    const fails = () => refusal(key) ?? options.fails();
    return shop.call(worker, `${memory.name} ${what} ${key}`, { ...options, fails }, perform);
  };
  return {
    name: memory.name,
    head: (key, options) => call('read', 'head', key, () => memory.head(key, options)),
    read: (key, options) => call('read', 'read', key, () => memory.read(key, options)),
    put: (key, body, properties) => call('write', 'put', key, () => memory.put(key, body, properties)),
    // Signed by the worker itself, but with credentials that it may have to ask for.
    link: (key, options) => call('read', 'link', key, () => memory.link(key, options)),
    list: (options = {}) => call('read', 'list', options.prefix ?? '', () => memory.list(options)),
    restore: (key, options) => call('write', 'restore', key, () => memory.restore(key, options)),
    startUpload: (key, properties) => call('write', 'startUpload', key, () => memory.startUpload(key, properties)),
    putPart: (upload, partNumber, body, checked) =>
      call('write', `putPart ${partNumber}`, upload.key, () => memory.putPart(upload, partNumber, body, checked)),
    listParts: (upload) => call('read', 'listParts', upload.key, () => memory.listParts(upload)),
    publish: (upload, parts, options) =>
      call('write', 'publish', upload.key, () => memory.publish(upload, parts, options)),
    abandon: (upload) => call('write', 'abandon', upload.key, () => memory.abandon(upload)),
    listUploads: (options = {}) => call('read', 'listUploads', options.prefix ?? '', () => memory.listUploads(options)),
  };
}

export function invokedQueue({ shop, faults }: PortWorld, worker: Worker, memory: MemoryQueue): Queue {
  const failing = failures(faults, 'queue-failed', 'queue-sent-but-failed', 'The queue answered 503.');
  const call = <T>(kind: CallKind, what: string, perform: () => T) =>
    shop.call(worker, `${memory.name} ${what}`, failing(kind), perform);
  const send = async (messages: readonly Outgoing[]): Promise<void> => {
    // SQS takes ten at once; some batches may go while others do not.
    for (let at = 0; at < messages.length; at += 10) {
      const batch = messages.slice(at, at + 10);
      const what = batch.map(({ body, delaySeconds = 0 }) => `${JSON.stringify(body)}+${delaySeconds}s`);
      await call('write', `send ${what.join(' ').slice(0, 200)}`, () => memory.send(batch));
    }
  };
  return {
    send: (...messages) => send(messages),
    receive: () => {
      throw new Error('A door is handed its messages; it receives none itself.');
    },
    extend: (receipt, seconds) => call('write', 'extend', () => memory.extend(receipt, seconds)),
    done: (receipt) => call('write', `done ${receipt}`, () => memory.done(receipt)),
    count: () => call('read', 'count', () => memory.left().length),
  };
}

export function invokedBus({ shop, faults }: PortWorld, worker: Worker, memory: MemoryBus): EventBus {
  const failing = failures(faults, 'bus-failed', 'bus-taken-but-failed', 'The bus answered 503.');
  return {
    put: (...events) => {
      const what = events.map(({ type, id }) => `${type} ${id}`).join(', ');
      return shop.call(worker, `bus: ${what}`, failing('write'), () => memory.put(events));
    },
  };
}

const failures = (faults: Faults, before: FaultKind, after: FaultKind, words: string) => {
  const error = (kind: FaultKind) => (faults.happens(kind) ? new Error(words) : undefined);
  const read = { kind: 'read' as const, fails: () => error(before) };
  const write = { kind: 'write' as const, fails: () => error(before), failsAfter: () => error(after) };
  return (kind: CallKind) => (kind === 'read' ? read : write);
};
