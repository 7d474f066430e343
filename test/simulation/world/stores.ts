import type { Watch } from '../invariants/watch.ts';
import { secretMark } from '../invariants/watched.ts';
import { memoryBucket, type Version } from '../ports/bucket.ts';
import { memoryBus } from '../ports/bus.ts';
import { memoryTable } from '../ports/table.ts';
import { mebibyte } from '../small-parts.ts';
import type { Worker } from '../worker.ts';
import type { Ground } from './ground.ts';

interface Watching {
  readonly watcher: Watch;
  /** The worker whose call is being performed. */
  readonly actor: () => Worker | undefined;
  readonly landed: (version: Version) => void;
  /** Something in parts, in the deliveries. */
  readonly begun: (key: string) => void;
  readonly restored: (key: string, versionId: string) => void;
}

/** The table, the buckets and the bus of one world, each watched. */
export function storesOf({ clock, newId, scheduler, random }: Ground, watching: Watching) {
  const { watcher, actor, landed, begun, restored } = watching;
  const table = memoryTable(
    (changes) => watcher.tableChanged(changes, actor()),
    (text) => watcher.noSecretIn('the table', text),
  );
  const uploads = memoryBucket('uploads', {
    ...{ clock, newId, linkMark: secretMark, stored: landed },
    restoring: ({ key, versionId }) =>
      scheduler.after(random.below(12 * 3600_000), () => {
        uploads.thaw(versionId);
        restored(key, versionId);
      }),
  });
  const deliveries = memoryBucket('deliveries', {
    ...{ clock, newId, minPartBytes: 5 * mebibyte, tellsChecksums: random.chance(0.7), stored: watcher.delivered },
    uploading: (key, { metadata }) => {
      if (metadata !== undefined) watcher.uploading(key, metadata);
      begun(key);
    },
  });
  const payloads = memoryBucket('payloads', { clock, newId });
  const bus = memoryBus((event, detail) => {
    watcher.noSecretIn('an event', detail);
    watcher.notices.event(event);
  });
  return { table, uploads, deliveries, payloads, bus };
}

export type Stores = ReturnType<typeof storesOf>;
