import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import type { Log } from '../../shared/log.ts';
import type { Queue, Received } from '../../shared/platform/ports.ts';
import { localQueueBackoff } from '../../shared/retry.ts';
import { asRecord } from './to-sqs-record.ts';

/** Where a queue's messages go on this machine, as an event source mapping says it in AWS. */
export interface Lane {
  readonly name: string;
  readonly queue: Queue;
  readonly door: (event: SQSEvent) => Promise<SQSBatchResponse | undefined>;
  /** Events worked on at once. */
  readonly concurrency: number;
  /** Messages in one event, at most 10; default 1, which lets each take its own time. */
  readonly batch?: number;
  /** The door says by itself when what failed comes again. */
  readonly ownPauses?: boolean;
}

export interface Pump {
  /** Takes nothing more, gives back what is in hand after `graceMs`, and resolves. */
  stop(graceMs: number): Promise<void>;
}

const visibilitySeconds = 30;
const idleMs = 250;

/** Hands a queue's messages to its door until stopped. */
export function pump(lane: Lane, wakeups: (listener: () => void) => () => void, log: Log): Pump {
  const inHand = new Map<readonly Received[], Promise<void>>();
  const batch = lane.batch ?? 1;
  let stopped = false;
  let wake = () => {};
  const unsubscribe = wakeups(() => wake());
  const running = run();
  return { stop };

  async function run(): Promise<void> {
    while (!stopped) {
      const free = lane.concurrency - inHand.size;
      const messages = free > 0 ? await receive(Math.min(free * batch, 10)) : [];
      for (let first = 0; first < messages.length; first += batch) take(messages.slice(first, first + batch));
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

  function take(messages: readonly Received[]): void {
    const work = deliver(lane, messages, log).finally(() => {
      inHand.delete(messages);
      wake();
    });
    inHand.set(messages, work);
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
    await Promise.all([...inHand.keys()].flat().map(({ receipt }) => lane.queue.extend(receipt, 0)));
  }
}

/** Keeps the messages hidden while the door works; those that failed come back after a growing pause. */
async function deliver(lane: Lane, messages: readonly Received[], log: Log): Promise<void> {
  const heartbeat = setInterval(() => hide(lane, messages, log), (visibilitySeconds * 1000) / 3);
  try {
    const outcome = await lane.door({ Records: messages.map((message) => asRecord(lane.name, message)) });
    const failed = new Set((outcome?.batchItemFailures ?? []).map(({ itemIdentifier }) => itemIdentifier));
    for (const message of messages) {
      if (!failed.has(message.messageId)) await lane.queue.done(message.receipt);
      else if (!lane.ownPauses) await putBack(lane, message);
    }
  } catch (error) {
    const messageIds = messages.map(({ messageId }) => messageId);
    log.error('door.failed', { queue: lane.name, messageIds, error });
    // What cannot even be put back comes again by itself once its visibility ends.
    await Promise.all(messages.map((message) => putBack(lane, message))).catch((cause: unknown) => {
      log.error('queue.put-back-failed', { queue: lane.name, messageIds, error: cause });
    });
  } finally {
    clearInterval(heartbeat);
  }
}

function hide(lane: Lane, messages: readonly Received[], log: Log): void {
  for (const { receipt, messageId } of messages)
    lane.queue.extend(receipt, visibilitySeconds).catch((error: unknown) => {
      log.warn('queue.heartbeat-failed', { queue: lane.name, messageId, error });
    });
}

const putBack = (lane: Lane, message: Received): Promise<void> =>
  lane.queue.extend(message.receipt, localQueueBackoff(message.receiveCount));
