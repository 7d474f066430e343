import type { Log } from '../../log.ts';
import type { Metrics } from '../../metrics.ts';
import type { Clock, Queue, Table } from '../../platform/ports.ts';

export interface RunDeps {
  readonly runs: Table;
  readonly clock: Clock;
  readonly log: Log;
  /** Set by tests that need known ids; random by default. */
  readonly newId?: () => string;
  /** Wakes notify. Without it, reconcile does within a few minutes. */
  readonly notifyQueue?: Queue;
  readonly metrics?: Metrics;
  /** How long the records of an ended run are kept; for ever by default. */
  readonly retentionDays?: number;
}

/** For a person's commands: they are stored and a queue is woken, so they need no access to the API. */
export interface ControlDeps extends RunDeps {
  readonly startQueue: Queue;
  readonly settleQueue: Queue;
}
