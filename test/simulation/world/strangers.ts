import type { Upload } from '../../../shared/platform/ports.ts';
import type { MemoryBucket } from '../ports/bucket.ts';
import type { Ground } from './ground.ts';

/** Others who write to the same deliveries, in parts too; theirs is theirs, however long they take. */
export function strangersOf({ scheduler, faults }: Ground, deliveries: () => MemoryBucket) {
  const begun: Upload[] = [];
  return {
    /** Near what we begin ourselves: the name begins with ours. */
    besides(key: string): void {
      if (key.endsWith('.bak') || !faults.happens('stranger-uploads')) return;
      scheduler.after(0, () => void begun.push(deliveries().startUpload(`${key}.bak`)));
    },
    begun: begun as readonly Upload[],
  };
}
