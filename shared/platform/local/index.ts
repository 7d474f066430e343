import { join } from 'node:path';
import type { Clock, EventBus, Queue, Table } from '../ports.ts';
import { type Blobs, openBlobs } from './blobs.ts';
import { type LocalBucket, openBucket } from './bucket.ts';
import { type KeptEvent, openBus, readEvents } from './bus.ts';
import { type Database, openDatabase } from './database.ts';
import { ownFolder } from './owner.ts';
import { makePrivateFolder } from './private-files.ts';
import { insertMessages, openQueue } from './queue.ts';
import { serveLinks } from './serve-links.ts';
import { openLinks } from './sign-links.ts';
import { openTable } from './table.ts';
import { forgetUpload } from './uploads.ts';
import type { Storage } from './versions.ts';
import { openWakeUps } from './wake-ups.ts';

export type { LocalBucket } from './bucket.ts';
export type { KeptEvent } from './bus.ts';
export { makePrivateFolder } from './private-files.ts';

export interface LocalPlatform {
  /** False while another process has the folder; then nothing is swept, and messages should be left to that process. */
  readonly isOwner: boolean;
  table(name: string): Table;
  bucket(name: string): LocalBucket;
  /** A message is delivered `maxReceives` times (default 5); after that it is found in the queue `${name}-dead`. */
  queue(name: string, options?: { maxReceives?: number }): Queue;
  /** Keeps the newest thousands of events, for `events`. */
  bus(): EventBus;
  /** What was put on the bus, in that order; `after`: only what comes after this event's `place`. */
  events(options?: { after?: number; limit?: number }): readonly KeptEvent[];
  /** Sends an EventBridge "Object Created" event for each object of the bucket, in the transaction that shows it. */
  notify(bucket: string, queue: string): void;
  /** Messages handed out by a process that has died are visible again at once. Only the folder's owner may call it. */
  reviveMessages(): void;
  serveLinks(request: Request): Promise<Response>;
  /** What links begin with, for example http://127.0.0.1:4730/objects; set once the server listens. */
  setLinkBase(url: string): void;
  /** Called when a message was sent or released, so that nobody needs to poll fast. Returns how to stop. */
  onMessage(listener: (queue: string) => void): () => void;
  close(): void;
}

interface LocalOptions {
  readonly folder: string;
  readonly clock?: Clock;
  readonly own?: boolean;
}

/** Whether a process has the folder now. */
export function isOwned(folder: string): boolean {
  const disown = ownFolder(join(folder, 'owner.lock'));
  disown?.();
  return disown === undefined;
}

/**
 * Tables, buckets and queues in one folder: `tessera.db` holds every fact, `objects/` the bytes of objects. Whoever only
 * looks and sends opens it with `own: false`, so that a program that starts meanwhile finds the folder free.
 */
export function openLocal({ folder, clock = Date.now, own = true }: LocalOptions): LocalPlatform {
  makePrivateFolder(folder);
  const disown = own ? ownFolder(join(folder, 'owner.lock')) : undefined;
  const database = openDatabase(join(folder, 'tessera.db'));
  const blobs = openBlobs(join(folder, 'objects'));
  if (disown) sweep(database, blobs, clock);

  const wakeUps = openWakeUps();
  const links = openLinks(database, clock);
  const queues = { database, clock, wakeUps };
  const notified = new Map<string, Set<string>>();
  const storage: Storage = {
    database,
    blobs,
    clock,
    announce: (bucket, event) => {
      for (const queue of notified.get(bucket) ?? []) {
        insertMessages(queues, queue, [{ body: event }]);
        // After the commit: this turn of the event loop is all synchronous.
        queueMicrotask(() => wakeUps.wake(queue));
      }
    },
    link: (bucket, key, { expiresInSeconds, ...which }) => links.create({ bucket, key, ...which }, expiresInSeconds),
  };
  return {
    isOwner: disown !== undefined,
    table: (name) => openTable(database, name, forgetExpiredAtTimes(database, clock)),
    bucket: (name) => openBucket(storage, name),
    // Dead letters stay where they are, however often someone looks at them.
    queue: (name, options) =>
      openQueue(queues, name, name.endsWith('-dead') ? Number.MAX_SAFE_INTEGER : (options?.maxReceives ?? 5)),
    bus: () => openBus(database),
    events: (options) => readEvents(database, options),
    notify: (bucket, queue) => {
      notified.set(bucket, new Set([...(notified.get(bucket) ?? []), queue]));
    },
    reviveMessages: () => {
      const revived = database.all<{ queue: string }>(
        'UPDATE messages SET visible_ms = ?, receipt = NULL WHERE receipt IS NOT NULL RETURNING queue',
        clock(),
      );
      for (const queue of new Set(revived.map((message) => message.queue))) wakeUps.wake(queue);
    },
    serveLinks: async (request) => serveLinks(storage, links, request),
    setLinkBase: links.setBase,
    onMessage: wakeUps.listen,
    close: () => {
      wakeUps.close();
      database.close();
      disown?.();
    },
  };
}

const forgetEveryMs = 10 * 60_000;

/** As DynamoDB does: some time after their end, and not before. */
function forgetExpiredAtTimes(database: Database, clock: Clock): () => void {
  let lastMs = clock();
  return () => {
    if (clock() - lastMs < forgetEveryMs) return;
    lastMs = clock();
    forgetExpired(database, clock);
  };
}

const forgetExpired = (database: Database, clock: Clock) =>
  database.run('DELETE FROM items WHERE expires_at < ?', Math.floor(clock() / 1000));

const forgottenUploadMs = 7 * 24 * 3600 * 1000;

function sweep(database: Database, blobs: Blobs, clock: Clock): void {
  database.transaction(() => {
    forgetExpired(database, clock);
    const old = database.all<{ uploadId: string; bucket: string; key: string }>(
      'SELECT upload_id AS uploadId, bucket, key FROM uploads WHERE started_ms < ?',
      clock() - forgottenUploadMs,
    );
    for (const upload of old) forgetUpload(database, upload.bucket, upload);
  });
  const rows = database.all<{ blob: string }>('SELECT blob FROM pieces UNION SELECT blob FROM parts');
  blobs.sweep(new Set(rows.map(({ blob }) => blob)));
}
