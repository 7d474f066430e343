import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { parseNotifyMessage } from '../shared/runs/messages.ts';
import { type NotifyDeps, notifyRun } from '../shared/runs/notices/notify-run.ts';

/** All of a batch at once, so that a slow receiver keeps no other waiting; what fails comes again by itself. */
export const notifyHandler =
  (deps: NotifyDeps) =>
  async (event: SQSEvent): Promise<SQSBatchResponse> => {
    const failed = await Promise.all(event.Records.map((record) => tell(deps, record)));
    return { batchItemFailures: failed.flat() };
  };

async function tell(deps: NotifyDeps, record: SQSRecord): Promise<SQSBatchResponse['batchItemFailures']> {
  const { messageId, body } = record;
  const receiveCount = Number(record.attributes.ApproximateReceiveCount);
  let toReceiver = false;
  try {
    const message = parseNotifyMessage(JSON.parse(body));
    toReceiver = message.url !== undefined;
    await notifyRun(deps, message);
    return [];
  } catch (error) {
    // A receiver that is away is its owner's to mend, as long as there are tries left.
    deps.log[toReceiver ? 'warn' : 'error']('notify.failed', { messageId, receiveCount, error });
    await comeBack(deps, record, waitSeconds(receiveCount, toReceiver));
    return [{ itemIdentifier: messageId }];
  }
}

/** A receiver may be away for a night; these are the waits that the Standard Webhooks specification proposes. */
const receiverWaits = [5, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600, 10 * 3600] as const;

const waitSeconds = (receiveCount: number, toReceiver: boolean): number =>
  toReceiver
    ? (receiverWaits[Math.min(receiveCount, receiverWaits.length) - 1] ?? 5)
    : Math.min(300, 5 * 4 ** (receiveCount - 1));

async function comeBack(
  { notifyQueue, log }: NotifyDeps,
  { messageId, receiptHandle }: SQSRecord,
  seconds: number,
): Promise<void> {
  await notifyQueue
    .extend(receiptHandle, seconds)
    .catch((error: unknown) => log.warn('notify.extend-failed', { messageId, error }));
}
