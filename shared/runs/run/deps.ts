import type { Log } from '../../log.ts';
import type { Metrics } from '../../metrics.ts';
import type { Clock, Queue, Table } from '../../platform/ports.ts';

export interface RunDeps {
  readonly runs: Table;
  readonly clock: Clock;
  readonly log: Log;
  /** Where a test must know them; else they are drawn at random. */
  readonly newId?: () => string;
  /** Wakes whoever tells of moves; without it reconcile does, some minutes later. */
  readonly notifyQueue?: Queue;
  readonly metrics?: Metrics;
  /** How long after its end a run's records stay; without it, for good. */
  readonly retentionDays?: number;
}

/** What a person's word needs: it is written down and the doors are woken, so no access to the API. */
export interface ControlDeps extends RunDeps {
  readonly startQueue: Queue;
  readonly settleQueue: Queue;
}
