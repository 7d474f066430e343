import { EventBridgeClient, PutRuleCommand, PutTargetsCommand } from '@aws-sdk/client-eventbridge';
import { CreateQueueCommand, DeleteMessageBatchCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { queueArn } from './deploy.ts';

export interface Told {
  readonly source: string;
  readonly 'detail-type': string;
  readonly detail: Readonly<Record<string, unknown>>;
}

/** Another team's stack: a rule on the stage's bus that sends all it tells to a queue of theirs. */
export async function listenOn(bus: string): Promise<() => Promise<readonly Told[]>> {
  const name = `${bus}-heard`;
  const { QueueUrl } = await new SQSClient().send(new CreateQueueCommand({ QueueName: name }));
  const events = new EventBridgeClient();
  const EventPattern = JSON.stringify({ source: ['tessera'] });
  await events.send(new PutRuleCommand({ Name: name, EventBusName: bus, EventPattern }));
  const Targets = [{ Id: 'queue', Arn: queueArn(name) }];
  await events.send(new PutTargetsCommand({ Rule: name, EventBusName: bus, Targets }));

  const heard: Told[] = [];
  return async () => {
    for (;;) {
      const { Messages = [] } = await new SQSClient().send(
        new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 0 }),
      );
      if (Messages.length === 0) return heard;
      heard.push(...Messages.map(({ Body = '' }) => JSON.parse(Body)));
      const Entries = Messages.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }));
      await new SQSClient().send(new DeleteMessageBatchCommand({ QueueUrl, Entries }));
    }
  };
}
