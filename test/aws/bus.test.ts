import {
  CreateEventBusCommand,
  EventBridgeClient,
  PutRuleCommand,
  PutTargetsCommand,
} from '@aws-sdk/client-eventbridge';
import { GetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { describe } from 'vitest';
import { eventBridgeBus, sqsQueue } from '../../shared/platform/aws/index.ts';
import type { BusEvent } from '../../shared/platform/ports.ts';
import { busContract } from '../contracts/bus.ts';
import { fresh } from '../contracts/contract.ts';
import { createQueue } from './resources.ts';

describe.skipIf(!process.env.AWS_ENDPOINT_URL_EVENTBRIDGE)('On moto', () => {
  busContract('EventBridge', async () => {
    const Name = fresh('bus');
    const { queueUrl } = await createQueue();
    await listen(Name, queueUrl);
    return { bus: eventBridgeBus(Name), told: (count) => received(queueUrl, count) };
  });
});

/** A rule as a team would write it: all that the source `tessera` says goes to a queue. */
async function listen(bus: string, queueUrl: string): Promise<void> {
  const events = new EventBridgeClient();
  await events.send(new CreateEventBusCommand({ Name: bus }));
  const EventPattern = JSON.stringify({ source: ['tessera'] });
  await events.send(new PutRuleCommand({ Name: `${bus}-all`, EventBusName: bus, EventPattern }));
  const { Attributes } = await new SQSClient().send(
    new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: ['QueueArn'] }),
  );
  const Targets = [{ Id: 'queue', Arn: Attributes?.QueueArn }];
  await events.send(new PutTargetsCommand({ Rule: `${bus}-all`, EventBusName: bus, Targets }));
}

async function received(queueUrl: string, count: number): Promise<BusEvent[]> {
  const told: BusEvent[] = [];
  while (told.length < count) {
    const messages = await sqsQueue(queueUrl).receive({ waitSeconds: 2 });
    if (messages.length === 0) break;
    for (const { body, receipt } of messages) {
      const { id, 'detail-type': type, time, detail } = JSON.parse(body);
      told.push({ id, type, time: new Date(time).toISOString(), detail });
      await sqsQueue(queueUrl).done(receipt);
    }
  }
  return told;
}
