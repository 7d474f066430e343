import type { Mosaic } from '../../mosaic/mosaic.ts';
import type { openLink } from '../../platform/links.ts';
import type { Bucket, Queue } from '../../platform/ports.ts';
import type { PartMemory } from '../../transfer/transfer.ts';
import type { RunDeps } from '../run/deps.ts';

export interface DeliverDeps extends RunDeps {
  readonly deliveries: Bucket;
  /** What the keys of everything that is delivered begin with; with its `/`. */
  readonly deliveriesPrefix?: string;
}

export interface CopyDeps extends DeliverDeps {
  readonly mosaic: Mosaic;
  /** For what is left of a copy when its slice of time is over. */
  readonly copyQueue: Queue;
  /** Hosts whose links may be plain HTTP in a private network: our own engine's, on one machine. */
  readonly trustedHosts: readonly string[];
  /** How an output's link is opened; default: over the network. */
  readonly openLink?: typeof openLink;
  /** For the parts of all copies of a process, where several work at once. */
  readonly memory?: PartMemory;
}
