import { objectCreatedEvent } from '../../../shared/platform/events.ts';
import type { MemoryBucket, Version } from '../ports/bucket.ts';
import type { MemoryQueue } from '../ports/queue.ts';
import type { Ground } from './ground.ts';

/** What lands in the uploads and how S3 tells of it: late, twice, in any order. */
export function arrivalsOf({ scheduler, random, faults, clock, workload }: Ground, startQueue: () => MemoryQueue) {
  const landed: Version[] = [];
  const tell = (delayMs: number, body: Parameters<MemoryQueue['send']>[0][number]['body']) =>
    scheduler.after(delayMs, () => startQueue().send([{ body }]));

  return {
    landed: landed as readonly Version[],
    announce(version: Version): void {
      const { key, versionId, etag, size, lastModified } = version.head;
      landed.push(version);
      const sequencer = landed.length.toString(16).padStart(16, '0');
      const time = lastModified.toISOString();
      const body = objectCreatedEvent({ bucket: 'uploads', key, versionId, etag, size, sequencer, time });
      const times = faults.happens('event-duplicated') ? random.between(2, 3) : 1;
      for (let count = 0; count < times; count += 1) {
        const lateMs = faults.happens('event-delayed') ? random.below(2 * 3600_000) : 0;
        tell(random.below(2_000) + lateMs, body);
      }
    },
    /** An event that S3 sends once more, long after the upload. */
    announceAgain({ head }: Version): void {
      const { key, versionId, etag, size, lastModified } = head;
      tell(0, objectCreatedEvent({ bucket: 'uploads', key, versionId, etag, size, time: lastModified.toISOString() }));
    },
    restored(key: string, versionId: string): void {
      const detail = { bucket: { name: 'uploads' }, object: { key, 'version-id': versionId } };
      const time = new Date(clock()).toISOString();
      tell(random.below(60_000), { source: 'aws.s3', 'detail-type': 'Object Restore Completed', time, detail });
    },
    begin(uploads: MemoryBucket): void {
      for (const { atMs, key, bytes, metadata, archived } of workload.drops) {
        scheduler.after(atMs, () => {
          scheduler.note(`${key} is uploaded`);
          const stored = uploads.put(key, bytes, { contentType: 'video/mp4', metadata });
          if (archived && stored.outcome === 'stored') uploads.archive(stored.head.versionId);
        });
        if (faults.happens('upload-deleted')) scheduler.after(atMs + random.below(600_000), () => uploads.delete(key));
      }
    },
  };
}
