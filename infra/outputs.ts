import { CfnOutput, Stack } from 'aws-cdk-lib';
import type { IEventBus } from 'aws-cdk-lib/aws-events';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { type Commands, placeIn } from './commands.ts';
import { addressOfBus } from './constructs/lambda-function.ts';
import type { QueueWithDeadLetters } from './constructs/queue-with-dead-letters.ts';
import type { RecordsTable } from './constructs/records-table.ts';
import type { ObjectStore } from './constructs/video-bucket.ts';
import type { MosaicAccess } from './pipeline-props.ts';
import type { RulesDocument } from './stage-rules.ts';

export interface Places {
  readonly commands: Commands;
  readonly rules: RulesDocument;
  readonly deliveriesPrefix: string;
  readonly runs: RecordsTable;
  readonly uploads: ObjectStore;
  readonly deliveries: ObjectStore;
  readonly payloads: ObjectStore;
  /** As the command calls their hops: `Start` has `StartQueue` and `StartDeadLetters`. */
  readonly queues: Readonly<Record<'Start' | 'Settle' | 'Copy' | 'Notify', QueueWithDeadLetters>>;
  readonly eventBus: IEventBus;
  readonly signingSecret: ISecret;
  readonly alarmTopic: ITopic;
  readonly dashboardUrl?: string;
  readonly mosaic: Required<MosaicAccess>;
  readonly webhookUrl: string;
}

/** What people and the `tessera` command need to know of a pipeline, under names that begin with its place in the stack. */
export function tellWhere(pipeline: Construct, { commands, rules, deliveriesPrefix, ...places }: Places): void {
  const begin = placeIn(Stack.of(pipeline), pipeline)
    .join('')
    .replaceAll(/[^A-Za-z0-9]/g, '');
  const outputs = new Construct(pipeline, 'Outputs');
  const output = (id: string, value: string, description: string) =>
    new CfnOutput(outputs, id, { value, description }).overrideLogicalId(`${begin}${id}`);
  output('UploadsBucket', places.uploads.bucket.bucketName, dropHere(commands));
  output('DeliveriesBucket', places.deliveries.bucket.bucketName, 'Edited videos appear here');
  // CloudFormation takes no empty output.
  if (deliveriesPrefix !== '') output('DeliveriesPrefix', deliveriesPrefix, 'The folder that they appear in');
  output('WebhookUrl', places.webhookUrl, 'The Mosaic API reports to this address; not meant for browsers');
  output(
    'EventBus',
    addressOfBus(pipeline, places.eventBus),
    'What becomes of runs is told here, under the source "tessera"',
  );
  output('SigningSecret', places.signingSecret.secretArn, 'Signs the webhooks that rules ask for');
  output('AlarmTopic', places.alarmTopic.topicArn, 'Alarms are sent here: subscribe whom you like');
  if (places.dashboardUrl !== undefined) output('Dashboard', places.dashboardUrl, 'How it goes, at a glance');
  const forCommand = 'For the tessera command';
  output('PayloadsBucket', places.payloads.bucket.bucketName, 'What was reported and is too large for the table');
  output('RunsTable', places.runs.table.tableName, forCommand);
  for (const [hop, { queue, deadLetters }] of Object.entries(places.queues)) {
    output(`${hop}Queue`, queue.queueUrl, forCommand);
    output(`${hop}DeadLetters`, deadLetters.queueUrl, `${forCommand}: what failed too often`);
  }
  output('MosaicApiUrl', places.mosaic.apiUrl, forCommand);
  output('MosaicApiKeySecret', places.mosaic.apiKey.secretArn, forCommand);
  output('InitialRules', JSON.stringify(rules), `${forCommand}: in force until others are applied`);
}

const dropHere = ({ tessera }: Commands): string =>
  'Drop videos here. In the first minutes after a deploy S3 may not send events yet; for what was dropped then: ' +
  tessera('backfill ""');
