import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { messageBackoff, receiverBackoff, wholeSeconds } from '../shared/retry.ts';
import { type NotifyDeps, notifyRun } from '../shared/runs/notify/notify-run.ts';
import { parseNotifyMessage } from '../shared/runs/run/messages.ts';

/**
 * All of a batch at once, so that a slow receiver keeps no other waiting; what fails comes again by itself. So does,
 * where `mostMs` is given, what takes longer: a batch that Lambda cuts off would cost each of its messages a try.
 */
export const notifyHandler =
  (deps: NotifyDeps, mostMs?: number) =>
  async (event: SQSEvent): Promise<SQSBatchResponse> => {
    const failed = await Promise.all(event.Records.map((record) => tell(deps, record, mostMs)));
    return { batchItemFailures: failed.flat() };
  };

async function tell(
  deps: NotifyDeps,
  record: SQSRecord,
  mostMs: number | undefined,
): Promise<SQSBatchResponse['batchItemFailures']> {
  const { messageId, body } = record;
  const receiveCount = Number(record.attributes.ApproximateReceiveCount);
  let toReceiver = false;
  try {
    const message = parseNotifyMessage(JSON.parse(body));
    toReceiver = message.url !== undefined;
    const told = notifyRun(deps, message);
    await (mostMs === undefined ? told : within(mostMs, told));
    return [];
  } catch (error) {
    // A receiver that is away is its owner's to mend, as long as there are tries left.
    deps.log[toReceiver ? 'warn' : 'error']('notify.failed', { messageId, receiveCount, error });
    await comeBack(deps, record, waitSeconds(receiveCount, toReceiver));
    return [{ itemIdentifier: messageId }];
  }
}

async function within<T>(mostMs: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`It was not told within ${mostMs / 1000} seconds.`)), mostMs);
  });
  return Promise.race([work, tooLate]).finally(() => clearTimeout(timer));
}

const waitSeconds = (receiveCount: number, toReceiver: boolean): number =>
  wholeSeconds((toReceiver ? receiverBackoff : messageBackoff)(receiveCount));

async function comeBack(
  { notifyQueue, log }: NotifyDeps,
  { messageId, receiptHandle }: SQSRecord,
  seconds: number,
): Promise<void> {
  await notifyQueue
    .extend(receiptHandle, seconds)
    .catch((error: unknown) => log.warn('notify.extend-failed', { messageId, error }));
}
