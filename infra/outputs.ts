import { CfnOutput, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { type Commands, placeIn } from './commands.ts';
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
  readonly starts: QueueWithDeadLetters;
  readonly settles: QueueWithDeadLetters;
  readonly mosaic: Required<MosaicAccess>;
  readonly webhookUrl: string;
}

/** What people and the `tessera` command need to know of a pipeline, under names that begin with its place in the stack. */
export function tellWhere(pipeline: Construct, { commands, rules, deliveriesPrefix, ...places }: Places): void {
  const begin = placeIn(Stack.of(pipeline), pipeline)
    .join('')
    .replaceAll(/[^A-Za-z0-9]/g, '');
  const output = (id: string, value: string, description: string) =>
    new CfnOutput(pipeline, id, { value, description }).overrideLogicalId(`${begin}${id}`);
  output('UploadsBucket', places.uploads.bucket.bucketName, dropHere(commands));
  output('DeliveriesBucket', places.deliveries.bucket.bucketName, 'Edited videos appear here');
  // CloudFormation takes no empty output.
  if (deliveriesPrefix !== '') output('DeliveriesPrefix', deliveriesPrefix, 'The folder that they appear in');
  output('WebhookUrl', places.webhookUrl, 'The Mosaic API reports to this address; not meant for browsers');
  const forCommand = 'For the tessera command';
  output('PayloadsBucket', places.payloads.bucket.bucketName, 'What was reported and is too large for the table');
  output('RunsTable', places.runs.table.tableName, forCommand);
  output('StartQueue', places.starts.queue.queueUrl, forCommand);
  output('SettleQueue', places.settles.queue.queueUrl, forCommand);
  output('MosaicApiUrl', places.mosaic.apiUrl, forCommand);
  output('MosaicApiKeySecret', places.mosaic.apiKey.secretArn, forCommand);
  output('InitialRules', JSON.stringify(rules), `${forCommand}: in force until others are applied`);
}

const dropHere = ({ tessera }: Commands): string =>
  'Drop videos here. In the first minutes after a deploy S3 may not send events yet; for what was dropped then: ' +
  tessera('backfill ""');
