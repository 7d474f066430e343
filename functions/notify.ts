import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { messageBackoff, receiverBackoff } from '../shared/retry.ts';
import { type NotifyDeps, notifyRun } from '../shared/runs/notify/notify-run.ts';
import { parseNotifyMessage } from '../shared/runs/run/messages.ts';
import { bodyOf, type Failure, handleBatch } from './handle-batch.ts';

/**
 * Handles a whole batch at once, so that a slow receiver does not keep others waiting. With `mostMs`, a message that
 * takes longer fails: a batch that Lambda cuts off would cost each of its messages a try.
 */
export const notifyHandler =
  (deps: NotifyDeps, mostMs?: number) =>
  (event: SQSEvent): Promise<SQSBatchResponse> =>
    handleBatch(event, deps.log, (record) => notifyWithin(deps, record, mostMs), {
      queue: deps.notifyQueue,
      concurrency: 'all-at-once',
      onFailure: (_, record) => failureOf(record),
      events: { failed: 'notify.failed', extendFailed: 'notify.extend-failed' },
    });

/** An unreachable receiver is not our error until its retries are used up. */
const failureOf = (record: SQSRecord): Failure =>
  isForReceiver(record) ? { level: 'warn', backoff: receiverBackoff } : { backoff: messageBackoff };

function isForReceiver(record: SQSRecord): boolean {
  try {
    return parseNotifyMessage(bodyOf(record)).url !== undefined;
  } catch {
    // It failed because it cannot be read; that is logged.
    return false;
  }
}

async function notifyWithin(deps: NotifyDeps, record: SQSRecord, mostMs: number | undefined): Promise<unknown> {
  const notified = notifyRun(deps, parseNotifyMessage(bodyOf(record)));
  if (mostMs === undefined) return notified;
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`The event was not sent within ${mostMs / 1000} seconds.`)), mostMs);
  });
  return Promise.race([notified, timeout]).finally(() => clearTimeout(timer));
}
