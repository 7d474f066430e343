import type { Log } from '../../../shared/log.ts';
import type { Mosaic } from '../../../shared/mosaic/mosaic.ts';
import type { Bucket, BusEvent, Clock, Json, Queue, Table } from '../../../shared/platform/ports.ts';
import type { RuleSet } from '../../../shared/runs/run/rule.ts';
import type { Hop } from '../queries/dead-letters.ts';

/** What a command works on: a stage in AWS, or a folder on this machine. */
export interface World {
  /** For sentences: `.tessera`, or `stage prod`. */
  readonly name: string;
  readonly isStage: boolean;
  readonly runs: Table;
  readonly uploads: Bucket;
  /** The buckets in which a key from the user is looked up. */
  readonly buckets: readonly string[];
  readonly startQueue: Queue;
  readonly settleQueue: Queue;
  /** Woken after a change, so that its events are sent at once. */
  readonly notifyQueue?: Queue;
  /** The queues that have dead letters. */
  readonly hops: () => readonly Hop[];
  readonly places: { readonly uploads: string; readonly deliveries: string; readonly deliveriesPrefix: string };
  /** The events that a folder's bus keeps, oldest first. A stage's bus keeps none. */
  readonly told?: () => readonly BusEvent[];
  readonly mosaic: () => Promise<Mosaic>;
  /** The rules in force while none was applied by command. */
  readonly initialRules: () => Promise<Json>;
  /** The rules in force. */
  readonly rules: () => Promise<RuleSet>;
  readonly clock: Clock;
  readonly log: Log;
  /** Why the pipeline does not work now; undefined while it does. */
  idleBecause(): string | undefined;
  close(): void;
}

export interface WorldOptions {
  readonly stage?: string;
  /** Absolute. */
  readonly dataFolder: string;
}
