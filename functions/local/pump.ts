import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import type { Log } from '../../shared/log.ts';
import type { Queue, Received } from '../../shared/platform/ports.ts';
import { asRecord } from './as-record.ts';

/** Where a queue's messages go on this machine, as an event source mapping says it in AWS. */
export interface Lane {
  readonly name: string;
  readonly queue: Queue;
  readonly door: (event: SQSEvent) => Promise<SQSBatchResponse | undefined>;
  /** Messages worked on at once. */
  readonly concurrency: number;
}

export interface Pump {
  /** Takes nothing more, gives back what is in hand after `graceMs`, and resolves. */
  stop(graceMs: number): Promise<void>;
}

const visibilitySeconds = 30;
const idleMs = 250;
const longestBackoffSeconds = 60;

/** Hands a queue's messages to its door, one record an event, until stopped. */
export function pump(lane: Lane, wakeups: (listener: () => void) => () => void, log: Log): Pump {
  const inHand = new Map<string, Promise<void>>();
  let stopped = false;
  let wake = () => {};
  const unsubscribe = wakeups(() => wake());
  const running = run();
  return { stop };

  async function run(): Promise<void> {
    while (!stopped) {
      const free = lane.concurrency - inHand.size;
      const messages = free > 0 ? await receive(Math.min(free, 10)) : [];
      for (const message of messages) take(message);
      if (messages.length === 0) await idle();
    }
  }

  /** A store that can't be written just now (a full disk) can be later: the pump says so and goes on. */
  async function receive(max: number): Promise<readonly Received[]> {
    try {
      return await lane.queue.receive({ max, visibilitySeconds });
    } catch (error) {
      log.error('queue.receive-failed', { queue: lane.name, error });
      return [];
    }
  }

  function take(message: Received): void {
    const work = deliver(lane, message, log).finally(() => {
      inHand.delete(message.receipt);
      wake();
    });
    inHand.set(message.receipt, work);
  }

  // A message may become visible by the clock alone (a delay that ends), so sleep is short even without a wake-up.
  function idle(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, idleMs);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  async function stop(graceMs: number): Promise<void> {
    stopped = true;
    unsubscribe();
    wake();
    await running;
    const grace = new Promise<void>((resolve) => setTimeout(resolve, graceMs).unref());
    await Promise.race([Promise.all(inHand.values()), grace]);
    await Promise.all([...inHand.keys()].map((receipt) => lane.queue.extend(receipt, 0)));
  }
}

/** Keeps the message hidden while the door works; a failed one comes back after a growing pause. */
async function deliver(lane: Lane, message: Received, log: Log): Promise<void> {
  const heartbeat = setInterval(
    () => {
      lane.queue.extend(message.receipt, visibilitySeconds).catch((error: unknown) => {
        log.warn('queue.heartbeat-failed', { queue: lane.name, messageId: message.messageId, error });
      });
    },
    (visibilitySeconds * 1000) / 3,
  );
  try {
    const outcome = await lane.door({ Records: [asRecord(lane.name, message)] });
    if ((outcome?.batchItemFailures ?? []).length > 0) await putBack(lane, message);
    else await lane.queue.done(message.receipt);
  } catch (error) {
    log.error('door.failed', { queue: lane.name, messageId: message.messageId, error });
    // What cannot even be put back comes again by itself once its visibility ends.
    await putBack(lane, message).catch((cause: unknown) => {
      log.error('queue.put-back-failed', { queue: lane.name, messageId: message.messageId, error: cause });
    });
  } finally {
    clearInterval(heartbeat);
  }
}

const putBack = (lane: Lane, message: Received): Promise<void> =>
  lane.queue.extend(message.receipt, Math.min(longestBackoffSeconds, 2 ** (message.receiveCount - 1)));
