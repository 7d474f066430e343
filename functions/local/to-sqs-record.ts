import type { SQSRecord } from 'aws-lambda';
import type { Received } from '../../shared/platform/ports.ts';

/** A message of a local queue as Lambda hands one over. */
export const asRecord = (queueName: string, message: Received): SQSRecord => ({
  messageId: message.messageId,
  receiptHandle: message.receipt,
  body: message.body,
  attributes: {
    ApproximateReceiveCount: String(message.receiveCount),
    SentTimestamp: '',
    SenderId: 'local',
    ApproximateFirstReceiveTimestamp: '',
  },
  messageAttributes: {},
  md5OfBody: '',
  eventSource: 'aws:sqs',
  eventSourceARN: `arn:aws:sqs:local:000000000000:${queueName}`,
  awsRegion: 'local',
});
