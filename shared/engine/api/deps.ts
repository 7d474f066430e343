import type { Log } from '../../log.ts';
import type { Bucket, Clock, Queue, Table } from '../../platform/ports.ts';
import type { InputLimits } from '../runs/check-video.ts';
import type { ApiKey } from './api-keys.ts';

export interface EngineApiDeps {
  readonly table: Table;
  /** Where renders are kept; their links come from here. */
  readonly bucket: Bucket;
  /** The work queue. */
  readonly queue: Queue;
  readonly clock: Clock;
  readonly log: Log;
  readonly trustedHosts: readonly string[];
  readonly limits: InputLimits;
  /** The key that was generated at deploy; it works from its first use. */
  readonly firstKey?: () => Promise<string>;
}

export type EngineEnv = { Variables: { apiKey: ApiKey } };
