import type { Mosaic } from '../../mosaic/mosaic.ts';
import type { Queue } from '../../platform/ports.ts';
import type { FollowUpDeps } from '../create/deps.ts';

export interface SettleDeps extends FollowUpDeps {
  readonly startQueue: Queue;
  readonly copyQueue: Queue;
  readonly mosaic: Mosaic;
  readonly uncertainWaitSeconds: number;
  readonly runDeadlineSeconds: number;
  /** To wake the other paused runs as soon as one was resumed; without it they are looked at when they are due. */
  readonly settleQueue?: Queue;
}
