/** Every pause before a retry, as named policies. Each tells how long to wait after the n-th failed try, from 1. */

/** Seconds to wait after this many failed tries. `random` is for tests and the simulator. */
export type Backoff = (failures: number, random?: () => number) => number;

export interface ExponentialBackoff {
  readonly baseSeconds: number;
  readonly factor: number;
  readonly maxSeconds: number;
  /** The share of the pause that is random, 0 to 1. It only shortens, so that a maximum stays one. Default 0. */
  readonly jitter?: number;
}

/** Grows by `factor` with each failure: base, base × factor, base × factor² … up to the maximum. */
export function exponentialBackoff({ baseSeconds, factor, maxSeconds, jitter = 0 }: ExponentialBackoff): Backoff {
  return (failures, random = Math.random) =>
    withJitter(Math.min(maxSeconds, baseSeconds * factor ** Math.max(0, failures - 1)), jitter, random);
}

/** These pauses in order; the last one repeats. */
export function scheduledBackoff(seconds: readonly number[], { jitter = 0 } = {}): Backoff {
  return (failures, random = Math.random) =>
    withJitter(seconds[Math.min(Math.max(failures, 1), seconds.length) - 1] ?? 0, jitter, random);
}

const withJitter = (seconds: number, jitter: number, random: () => number): number =>
  jitter === 0 ? seconds : seconds * (1 - jitter * random());

/** SQS hides a message for whole seconds; at least one, because 0 would retry at once. */
export const wholeSeconds = (seconds: number): number => Math.max(1, Math.round(seconds));

const hour = 3600;

// ---------------------------------------------------------------- Messages

/** A queue message whose work failed: a copy of an output, a render, an event for the bus. 5, 20, 80, 300 s. */
export const messageBackoff = exponentialBackoff({ baseSeconds: 5, factor: 4, maxSeconds: 300, jitter: 0.2 });

/** A message of a local queue whose consumer does not set its own pause. 1, 2, 4 … 60 s. */
export const localQueueBackoff = exponentialBackoff({ baseSeconds: 1, factor: 2, maxSeconds: 60 });

/** A webhook receiver may be away for a night: the pauses that the Standard Webhooks specification proposes. */
export const receiverBackoff = scheduledBackoff([5, 5 * 60, 30 * 60, 2 * hour, 5 * hour, 10 * hour, 10 * hour], {
  jitter: 0.2,
});

/** Our engine's calls of `callback_url`. */
export const callbackPausesSeconds: readonly number[] = [10, 60, 360];

// ---------------------------------------------------------------- Runs

/** An account without credits, with a refused key or at its limit: nothing starts until then. 30 s … 15 min. */
export const accountHoldBackoff = exponentialBackoff({ baseSeconds: 30, factor: 2, maxSeconds: 900 });

/** An upload that we may not read: until its permission is fixed. 1 min … 1 h. */
export const deniedUploadBackoff = exponentialBackoff({ baseSeconds: 60, factor: 2, maxSeconds: hour });

/** Reconcile wakes notify again for a run whose events are still unsent. 1, 4, 16, then each 24 h. */
export const outboxBackoff = exponentialBackoff({ baseSeconds: hour, factor: 4, maxSeconds: 24 * hour });

// ---------------------------------------------------------------- Requests

/** One request to the Mosaic API, repeated within a call. The server's own Retry-After comes first. */
export const mosaicRequestBackoff = exponentialBackoff({ baseSeconds: 0.5, factor: 2, maxSeconds: 8, jitter: 0.5 });

/** What a batch request to DynamoDB, SQS or EventBridge did not take. 50, 100 … 1,000 ms. */
export const awsBatchBackoff = exponentialBackoff({ baseSeconds: 0.05, factor: 2, maxSeconds: 1, jitter: 0.5 });
