import type { MemoryTable } from '../ports/table.ts';
import type { Ground } from './ground.ts';

/** The table deletes what is past its end: some hours later, whenever it likes. */
export function scheduleExpiry(ground: Ground, table: MemoryTable): void {
  const { scheduler, random, faults, clock } = ground;
  scheduler.after(random.below(48 * 3600_000), () => {
    const gone = table.expire(clock());
    if (gone > 0) faults.count('records-expired');
    scheduleExpiry(ground, table);
  });
}
