import type { Watch } from '../invariants/watch.ts';
import { secretMark } from '../invariants/watched.ts';
import { memoryBucket, type Version } from '../ports/bucket.ts';
import { memoryTable } from '../ports/table.ts';
import type { Worker } from '../worker.ts';
import type { Ground } from './ground.ts';

interface Watching {
  readonly watcher: Watch;
  /** The worker whose call is being performed. */
  readonly actor: () => Worker | undefined;
  readonly landed: (version: Version) => void;
  readonly restored: (key: string, versionId: string) => void;
  readonly delivered: (version: Version) => void;
}

/** The table and the buckets of one world, each watched. */
export function storesOf({ clock, newId, scheduler, random }: Ground, watching: Watching) {
  const { watcher, actor, landed, restored, delivered } = watching;
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
  const deliveries = memoryBucket('deliveries', { clock, newId, stored: delivered });
  const payloads = memoryBucket('payloads', { clock, newId });
  return { table, uploads, deliveries, payloads };
}

export type Stores = ReturnType<typeof storesOf>;
