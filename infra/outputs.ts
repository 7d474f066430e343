import { CfnOutput, type Stack } from 'aws-cdk-lib';
import type { Stage } from './config.ts';
import type { QueueWithDeadLetters } from './constructs/queue-with-dead-letters.ts';
import type { RecordsTable } from './constructs/records-table.ts';
import type { ObjectStore } from './constructs/video-bucket.ts';
import type { MosaicAccess } from './pipeline-stack.ts';

export interface Places {
  readonly stage: Stage;
  readonly runs: RecordsTable;
  readonly uploads: ObjectStore;
  readonly deliveries: ObjectStore;
  readonly payloads: ObjectStore;
  readonly starts: QueueWithDeadLetters;
  readonly settles: QueueWithDeadLetters;
  readonly mosaic: MosaicAccess;
  readonly webhookUrl: string;
}

/** What people and the `tessera` command need to know of a stage. */
export function tellWhere(stack: Stack, { stage, ...places }: Places): void {
  const output = (id: string, value: string, description: string) => new CfnOutput(stack, id, { value, description });
  output('UploadsBucket', places.uploads.bucket.bucketName, dropHere(stage));
  output('DeliveriesBucket', places.deliveries.bucket.bucketName, 'Edited videos appear here');
  // CloudFormation takes no empty output.
  if (stage.deliveriesPrefix !== '')
    output('DeliveriesPrefix', stage.deliveriesPrefix, 'The folder that they appear in');
  output('WebhookUrl', places.webhookUrl, 'The Mosaic API reports to this address; not meant for browsers');
  const forCommand = 'For the tessera command';
  output('PayloadsBucket', places.payloads.bucket.bucketName, 'What was reported and is too large for the table');
  output('RunsTable', places.runs.table.tableName, forCommand);
  output('StartQueue', places.starts.queue.queueUrl, forCommand);
  output('SettleQueue', places.settles.queue.queueUrl, forCommand);
  output('MosaicApiUrl', places.mosaic.apiUrl, forCommand);
  output('MosaicApiKeySecret', places.mosaic.apiKey.secretArn, forCommand);
  output('InitialRules', JSON.stringify(stage.rules), `${forCommand}: in force until others are applied`);
}

const dropHere = ({ name }: Stage): string =>
  'Drop videos here. In the first minutes after a deploy S3 may not send events yet; for what was dropped then: ' +
  `npm run tessera -- backfill "" --stage ${name}`;
