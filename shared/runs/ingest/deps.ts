import type { Bucket, Queue } from '../../platform/ports.ts';
import type { RunDeps } from '../run/deps.ts';
import type { RuleSet } from '../run/rule.ts';

export interface IngestDeps extends RunDeps {
  readonly uploads: Bucket;
  readonly rules: () => Promise<RuleSet>;
  readonly startQueue: Queue;
  readonly settleQueue: Queue;
}
