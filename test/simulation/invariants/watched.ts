import type { Item } from '../../../shared/platform/ports.ts';
import type { Run } from '../../../shared/runs/run/run.ts';
import type { SimulatedApi } from '../api/mosaic.ts';
import type { MemoryBucket } from '../ports/bucket.ts';
import type { MemoryTable } from '../ports/table.ts';
import type { Scheduler } from '../scheduler.ts';

/** In every secret and in every signature of a link: where it shows, something leaked. */
export const secretMark = '5ecret';

/** What there is to look at; and to whom it is told that a promise was broken. */
export interface Watched {
  readonly table: () => MemoryTable;
  readonly api: () => SimulatedApi;
  readonly scheduler: () => Scheduler;
  readonly deliveries: () => MemoryBucket;
  readonly slots: number;
  /** Starts in an hour, where the rules cap them and stay as they are. */
  readonly maxStartsPerHour?: number;
  readonly maxSpentPerDay?: number;
  readonly violated: (rule: string, facts: string) => void;
}

/** The item has all that the run has. */
export const asRun = (item: Item | undefined): Run | undefined => item as unknown as Run | undefined;
