import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { type WorkDeps, work } from '../shared/engine/work/work.ts';
import { PermanentError } from '../shared/errors.ts';
import { messageBackoff, wholeSeconds } from '../shared/retry.ts';

/** The engine's work queue: one task per message. */
export const engineWorkHandler =
  (deps: WorkDeps) =>
  async (event: SQSEvent): Promise<SQSBatchResponse> => {
    const failed = [];
    for (const record of event.Records)
      if (!(await isDone(deps, record))) failed.push({ itemIdentifier: record.messageId });
    return { batchItemFailures: failed };
  };

async function isDone(deps: WorkDeps, record: SQSRecord): Promise<boolean> {
  const receiveCount = Number(record.attributes.ApproximateReceiveCount);
  try {
    await work(deps, { body: record.body, receipt: record.receiptHandle, receiveCount });
    return true;
  } catch (error) {
    deps.log.error('task.failed', { messageId: record.messageId, receiveCount, error });
    // Trying again would only repeat it.
    if (error instanceof PermanentError) return true;
    await comeBack(deps, record, receiveCount);
    return false;
  }
}

async function comeBack(
  { queue, log }: WorkDeps,
  { messageId, receiptHandle }: SQSRecord,
  receiveCount: number,
): Promise<void> {
  await queue
    .extend(receiptHandle, wholeSeconds(messageBackoff(receiveCount)))
    .catch((error: unknown) => log.warn('task.extend-failed', { messageId, error }));
}
