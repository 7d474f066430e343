import { setTimeout as sleep } from 'node:timers/promises';
import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  type QueueAttributeName,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  type SendMessageBatchRequestEntry,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { InvalidInput } from '../../errors.ts';
import { awsBatchBackoff } from '../../retry.ts';
import { checkMessages } from '../messages.ts';
import type { Queue } from '../ports.ts';
import { isAwsError } from './errors.ts';

const maxBatchMessages = 10;
const maxBatchBytes = 256 * 1024;
const maxAttempts = 6;

let client: SQSClient | undefined;

export function openSqsQueue(queueUrl: string): Queue {
  client ??= new SQSClient({
    maxAttempts: 5,
    // Longer than the longest wait for a message.
    requestHandler: { connectionTimeout: 3000, requestTimeout: 30_000, throwOnRequestTimeout: true },
  });
  const sqs = client;
  return {
    send: async (...messages) => {
      for (const batch of batchesOf(checkMessages(messages))) await sendBatch(sqs, queueUrl, batch);
    },
    receive: async ({ max = 10, visibilitySeconds = 30, waitSeconds = 0 } = {}) => {
      const { Messages = [] } = await sqs.send(
        new ReceiveMessageCommand({
          QueueUrl: queueUrl,
          MaxNumberOfMessages: Math.min(max, 10),
          VisibilityTimeout: visibilitySeconds,
          WaitTimeSeconds: Math.min(waitSeconds, 20),
          MessageSystemAttributeNames: ['ApproximateReceiveCount', 'SentTimestamp'],
        }),
      );
      return Messages.map(({ MessageId = '', Body = '', ReceiptHandle = '', Attributes }) => ({
        messageId: MessageId,
        body: Body,
        receipt: ReceiptHandle,
        receiveCount: Number(Attributes?.ApproximateReceiveCount ?? 1),
        ...(Attributes?.SentTimestamp && { sentAt: new Date(Number(Attributes.SentTimestamp)).toISOString() }),
      }));
    },
    extend: async (receipt, seconds) => {
      const change = { QueueUrl: queueUrl, ReceiptHandle: receipt, VisibilityTimeout: seconds };
      await sqs.send(new ChangeMessageVisibilityCommand(change)).catch(ignoreVoidReceipt);
    },
    done: async (receipt) => {
      await sqs.send(new DeleteMessageCommand({ QueueUrl: queueUrl, ReceiptHandle: receipt })).catch(ignoreVoidReceipt);
    },
    count: async () => {
      const { Attributes } = await sqs.send(
        new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: counts }),
      );
      return counts.reduce((sum, name) => sum + Number(Attributes?.[name] ?? 0), 0);
    },
  };
}

const counts: QueueAttributeName[] = [
  'ApproximateNumberOfMessages',
  'ApproximateNumberOfMessagesNotVisible',
  'ApproximateNumberOfMessagesDelayed',
];

function ignoreVoidReceipt(error: unknown): void {
  const isVoid = isAwsError(error, 'MessageNotInflight', 'ReceiptHandleIsInvalid') || isAboutMissingMessage(error);
  if (!isVoid) throw error;
}

const isAboutMissingMessage = (error: unknown): boolean =>
  isAwsError(error, 'InvalidParameterValue', 'InvalidParameterValueException') && /does not exist/i.test(error.message);

type Message = ReturnType<typeof checkMessages>[number];

/** At most ten to a batch, and not more bytes than one request may have. */
function batchesOf(messages: readonly Message[]): Message[][] {
  const batches: Message[][] = [];
  let bytes = 0;
  for (const message of messages) {
    const batch = batches.at(-1);
    bytes += message.bytes;
    if (batch && batch.length < maxBatchMessages && bytes <= maxBatchBytes) batch.push(message);
    else {
      batches.push([message]);
      bytes = message.bytes;
    }
  }
  return batches;
}

/** A batch may be stored in part: only what was refused is sent again. */
async function sendBatch(sqs: SQSClient, queueUrl: string, batch: readonly Message[]): Promise<void> {
  let entries: SendMessageBatchRequestEntry[] = batch.map(({ body, delayMs }, index) => ({
    Id: String(index),
    MessageBody: body,
    ...(delayMs > 0 && { DelaySeconds: delayMs / 1000 }),
  }));
  for (let attempt = 1; ; attempt++) {
    const { Failed = [] } = await sqs.send(new SendMessageBatchCommand({ QueueUrl: queueUrl, Entries: entries }));
    const refused = Failed.find((failure) => failure.SenderFault);
    if (refused) throw new InvalidInput(`SQS refuses a message: ${refused.Code}: ${refused.Message}`, { queueUrl });
    const again = new Set(Failed.map((failure) => failure.Id));
    entries = entries.filter((entry) => again.has(entry.Id));
    if (entries.length === 0) return;
    const [first] = Failed;
    if (attempt === maxAttempts)
      throw new Error(
        `SQS has not stored ${entries.length} of ${batch.length} messages: ${first?.Code}: ${first?.Message}`,
      );
    await sleep(awsBatchBackoff(attempt) * 1000);
  }
}
