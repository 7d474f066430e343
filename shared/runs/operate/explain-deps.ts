import type { Bucket, Clock, Table } from '../../platform/ports.ts';
import type { RuleSet } from '../run/rule.ts';

/** All that explaining needs; nothing is written to any of it. */
export interface ExplainDeps {
  readonly runs: Table;
  readonly uploads: Bucket;
  readonly rules: () => Promise<RuleSet>;
  readonly clock: Clock;
  readonly deliveriesPrefix?: string;
}
