import { setTimeout as sleep } from 'node:timers/promises';
import {
  DeleteMessageCommand,
  type Message,
  ReceiveMessageCommand,
  SQSClient,
  type SQSClientConfig,
} from '@aws-sdk/client-sqs';
import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { region } from './intrinsics.ts';

export interface EventSource {
  readonly queueUrl: string;
  readonly queueArn: string;
  readonly batchSize: number;
  /** From the template: whether the function's list of failed messages is looked at. */
  readonly partialFailures: boolean;
  readonly invoke: (event: SQSEvent) => Promise<unknown>;
  /** Lambda polls with the function's own role. */
  readonly sqs: SQSClientConfig;
}

export interface Poller {
  /** Why messages were not done with; in a journey in which all goes well there is none. */
  readonly failures: readonly string[];
  readonly queueUrl: string;
  /** The bodies of all messages that the function was given. */
  readonly given: readonly string[];
  readonly inHand: () => boolean;
  stop(): Promise<void>;
}

/** What an event source mapping does: a batch becomes an event, what the function does not report as failed is deleted. */
export function startPoller(source: EventSource): Poller {
  const sqs = new SQSClient(source.sqs);
  const failures: string[] = [];
  const given: string[] = [];
  let working = false;
  let stopped = false;
  const running = run();
  return {
    failures,
    queueUrl: source.queueUrl,
    given,
    inHand: () => working,
    stop: async () => {
      stopped = true;
      await running;
      sqs.destroy();
    },
  };

  async function run(): Promise<void> {
    while (!stopped) {
      try {
        const messages = await receive();
        working = messages.length > 0;
        if (working) await handOver(messages);
        else await sleep(100);
      } catch (error) {
        failures.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
        await sleep(1000);
      }
      working = false;
    }
  }

  async function receive(): Promise<Message[]> {
    const { queueUrl: QueueUrl, batchSize: MaxNumberOfMessages } = source;
    const names = { MessageSystemAttributeNames: ['All' as const], MessageAttributeNames: ['All'] };
    const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages, ...names }));
    return Messages;
  }

  async function handOver(messages: readonly Message[]): Promise<void> {
    given.push(...messages.map(({ Body = '' }) => Body));
    const Records = messages.map((message) => recordOf(message, source.queueArn));
    const answer = (await source.invoke({ Records })) as SQSBatchResponse | null;
    const failed = source.partialFailures ? (answer?.batchItemFailures ?? []) : [];
    for (const { itemIdentifier } of failed) failures.push(`${source.queueArn}: message ${itemIdentifier} comes again`);
    for (const { MessageId, ReceiptHandle } of messages)
      if (!failed.some(({ itemIdentifier }) => itemIdentifier === MessageId))
        await sqs.send(new DeleteMessageCommand({ QueueUrl: source.queueUrl, ReceiptHandle }));
  }
}

function recordOf(message: Message, eventSourceARN: string): SQSRecord {
  const { MessageId = '', ReceiptHandle = '', Body = '', MD5OfBody = '', Attributes = {} } = message;
  return {
    messageId: MessageId,
    receiptHandle: ReceiptHandle,
    body: Body,
    attributes: Attributes as unknown as SQSRecord['attributes'],
    messageAttributes: {},
    md5OfBody: MD5OfBody,
    eventSource: 'aws:sqs',
    eventSourceARN,
    awsRegion: region,
  };
}
