import type { Log } from '../../log.ts';
import type { Bucket, Clock, ListedObject, Queue, Table } from '../../platform/ports.ts';
import { sha256 } from '../run/ids.ts';
import { sendObjects } from '../run/messages.ts';
import { backfillKey } from '../run/run-items.ts';

export interface BackfillDeps {
  readonly runs: Table;
  readonly uploads: Bucket;
  readonly startQueue: Queue;
  readonly clock: Clock;
  readonly log: Log;
}

export interface BackfillOptions {
  readonly prefix: string;
  /** From the first key on, also where an earlier back-fill of this prefix came further. */
  readonly again?: boolean;
  /** At most this many objects; the rest is left to the next call. */
  readonly limit?: number;
  readonly onPage?: (progress: { readonly sent: number; readonly lastKey: string }) => void;
}

const pageObjects = 500;

/**
 * Tells of every object under a prefix that is there already, as if it landed now. Stopped anywhere, it goes on after
 * the last page that was told of; what is told of twice, or by S3 as well, has one run all the same.
 */
export async function backfill(
  deps: BackfillDeps,
  { prefix, again = false, limit = Number.POSITIVE_INFINITY, onPage }: BackfillOptions,
): Promise<{ readonly sent: number; readonly done: boolean }> {
  let after = again ? undefined : await lastKeyOf(deps.runs, prefix);
  let sent = 0;
  for (;;) {
    const wanted = Math.min(pageObjects, limit - sent);
    if (wanted <= 0) return { sent, done: false };
    const { objects, next } = await deps.uploads.list({ prefix, after, limit: wanted });
    const lastKey = objects.at(-1)?.key;
    if (lastKey !== undefined) {
      await sendObjects(deps.startQueue, objects.map(messageOf));
      // Only after the whole page was sent: after a crash before that, the page is sent again.
      await remember(deps, prefix, lastKey);
      sent += objects.length;
      onPage?.({ sent, lastKey });
    }
    if (next === undefined) {
      deps.log.info('backfill.done', { prefix, sent });
      return { sent, done: true };
    }
    after = next;
  }
}

async function lastKeyOf(runs: Table, prefix: string): Promise<string | undefined> {
  const item = await runs.get(placeOf(prefix));
  return typeof item?.lastKey === 'string' ? item.lastKey : undefined;
}

async function remember({ runs, clock }: BackfillDeps, prefix: string, lastKey: string): Promise<void> {
  const at = new Date(clock()).toISOString();
  await runs.write({ put: { ...placeOf(prefix), type: 'backfill', lastKey, at } });
}

/** A sort key has at most 1024 bytes, as many as a prefix may have. */
const placeOf = (prefix: string) => backfillKey(Buffer.byteLength(prefix) > 1000 ? sha256(prefix) : prefix);

/** Sidecars and manifests go the same way; who handles the message knows them by their names. */
const messageOf = ({ key, etag, size, lastModified }: ListedObject) => ({
  key,
  etag,
  size,
  time: lastModified.toISOString(),
});
