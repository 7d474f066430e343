import type { Queue } from '../../platform/ports.ts';
import type { RunDeps } from '../run/move-run.ts';

/** What a person's word needs: it is written down and the doors are woken, so no access to the API. */
export interface ControlDeps extends RunDeps {
  readonly startQueue: Queue;
  readonly settleQueue: Queue;
}
