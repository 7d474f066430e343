import type { SQSBatchResponse, SQSRecord } from 'aws-lambda';
import type { Log } from '../shared/log.ts';
import type { Queue } from '../shared/platform/ports.ts';
import { type Backoff, wholeSeconds } from '../shared/retry.ts';

interface Batch {
  readonly Records: readonly SQSRecord[];
}

/** How a failed message is logged and retried. */
export interface Failure {
  readonly level?: 'warn' | 'error';
  /** The pause before its next try; default: the visibility timeout of its queue. */
  readonly backoff?: Backoff;
  /** A retry would only fail again, and the failure is recorded elsewhere: delete the message. */
  readonly acknowledge?: boolean;
}

export interface BatchOptions {
  /** The queue of the messages, for pauses. */
  readonly queue?: Pick<Queue, 'extend'>;
  /** Default: one message after the other. */
  readonly concurrency?: 'one-by-one' | 'all-at-once';
  readonly onFailure?: (error: unknown, record: SQSRecord) => Failure;
  /** Names of the log events. */
  readonly events?: { readonly failed: string; readonly extendFailed: string };
}

/**
 * Handles each message of an SQS batch by itself, and reports the failed ones as batch item failures: only these are
 * retried, after their backoff. A message that cannot be read fails like any other, so that it ends among the dead
 * letters, where a person sees it.
 */
export async function handleBatch(
  { Records }: Batch,
  log: Log,
  handle: (record: SQSRecord) => Promise<unknown>,
  { concurrency = 'one-by-one', ...options }: BatchOptions = {},
): Promise<SQSBatchResponse> {
  const succeeds = (record: SQSRecord) => handleOne(record, log, handle, options);
  const outcomes: boolean[] = [];
  if (concurrency === 'all-at-once') outcomes.push(...(await Promise.all(Records.map(succeeds))));
  else for (const record of Records) outcomes.push(await succeeds(record));
  return failuresOf(Records.filter((_, index) => !outcomes[index]));
}

/** The body of a message; throws when it is not JSON. */
export const bodyOf = ({ body }: SQSRecord): unknown => JSON.parse(body);

/** Reports every message as failed: what failed was done for all of them. */
export const failAll = ({ Records }: Batch): SQSBatchResponse => failuresOf(Records);

const failuresOf = (records: readonly SQSRecord[]): SQSBatchResponse => ({
  batchItemFailures: records.map(({ messageId }) => ({ itemIdentifier: messageId })),
});

const messageEvents = { failed: 'message.failed', extendFailed: 'message.extend-failed' };

async function handleOne(
  record: SQSRecord,
  log: Log,
  handle: (record: SQSRecord) => Promise<unknown>,
  { queue, onFailure = () => ({}), events = messageEvents }: BatchOptions,
): Promise<boolean> {
  try {
    await handle(record);
    return true;
  } catch (error) {
    const { level = 'error', backoff, acknowledge = false } = onFailure(error, record);
    const { messageId } = record;
    const receiveCount = receiveCountOf(record);
    log[level](events.failed, { messageId, receiveCount, error });
    if (acknowledge) return true;
    if (queue && backoff) await extendVisibility(queue, log, [record], wholeSeconds(backoff(receiveCount)), events);
    return false;
  }
}

export const receiveCountOf = ({ attributes }: SQSRecord): number => Number(attributes.ApproximateReceiveCount);

/** Hides messages for a while. A failure is only logged: a message delivered twice is handled once all the same. */
export async function extendVisibility(
  queue: Pick<Queue, 'extend'>,
  log: Log,
  records: readonly SQSRecord[],
  seconds: number,
  { extendFailed } = messageEvents,
): Promise<void> {
  for (const { messageId, receiptHandle } of records)
    await queue.extend(receiptHandle, seconds).catch((error: unknown) => log.warn(extendFailed, { messageId, error }));
}
