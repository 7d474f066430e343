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
  /** Where a key that somebody names may lie. */
  readonly buckets: readonly string[];
  readonly startQueue: Queue;
  readonly settleQueue: Queue;
  /** So that what a command changes is told at once. */
  readonly notifyQueue?: Queue;
  /** The queues whose messages may fail for good. */
  readonly hops: () => readonly Hop[];
  readonly places: { readonly uploads: string; readonly deliveries: string; readonly deliveriesPrefix: string };
  /** What the bus of a folder keeps, oldest first; a stage's keeps nothing. */
  readonly told?: () => readonly BusEvent[];
  readonly mosaic: () => Promise<Mosaic>;
  /** The document that holds where none was ever applied by command. */
  readonly initialRules: () => Promise<Json>;
  /** The rules that hold now. */
  readonly rules: () => Promise<RuleSet>;
  readonly clock: Clock;
  readonly log: Log;
  /** Why nothing comes of a command's work for the moment; undefined while something is there to do it. */
  idleBecause(): string | undefined;
  close(): void;
}

export interface WorldOptions {
  readonly stage?: string;
  /** Absolute. */
  readonly dataFolder: string;
}
