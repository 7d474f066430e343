import type { Mosaic } from '../../mosaic/mosaic.ts';
import type { Bucket, Queue } from '../../platform/ports.ts';
import type { RunDeps } from '../run/deps.ts';
import type { Limits } from '../run/rule.ts';

export interface StartDeps extends RunDeps {
  readonly uploads: Bucket;
  readonly startQueue: Queue;
  readonly settleQueue: Queue;
  readonly mosaic: Mosaic;
  /** The rules in force, for what they say of all runs together: the caps of an hour and of a day. */
  readonly rules?: () => Promise<Limits>;
  /** Where the webhook is reached, without the path. */
  readonly callbackUrl: string;
  readonly slots: number;
  readonly uploadLinkSeconds: number;
  readonly uncertainWaitSeconds: number;
}
