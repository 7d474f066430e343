import { CfnOutput, Stack } from 'aws-cdk-lib';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { type Commands, idsBelow } from './commands.ts';
import { busAddress } from './constructs/lambda-function.ts';
import type { PipelineParts } from './functions/pipeline-parts.ts';

export interface OutputsProps extends PipelineParts {
  readonly commands: Commands;
  readonly alarmTopic: ITopic;
  readonly dashboardUrl?: string;
}

/** The stack outputs for people and for the `tessera` command. Their names begin with the pipeline's path in the stack. */
export function addOutputs(pipeline: Construct, props: OutputsProps): void {
  const { commands, settings, uploads, deliveries, payloads, runs, mosaic } = props;
  const prefix = idsBelow(Stack.of(pipeline), pipeline)
    .join('')
    .replaceAll(/[^A-Za-z0-9]/g, '');
  const outputs = new Construct(pipeline, 'Outputs');
  const output = (id: string, value: string, description: string) =>
    new CfnOutput(outputs, id, { value, description }).overrideLogicalId(`${prefix}${id}`);
  output('UploadsBucket', uploads.bucket.bucketName, describeUploads(commands));
  output('DeliveriesBucket', deliveries.bucket.bucketName, 'Edited videos appear here');
  // CloudFormation refuses an empty output.
  if (settings.deliveriesPrefix !== '')
    output('DeliveriesPrefix', settings.deliveriesPrefix, 'The folder of the edited videos');
  output('WebhookUrl', `${props.door.url}/webhook`, 'The Mosaic API sends its reports here; not meant for browsers');
  output('EventBus', busAddress(pipeline, props.eventBus), 'Receives the events of runs, with the source "tessera"');
  output('SigningSecret', props.signingSecret.secretArn, 'Signs the webhooks that rules ask for');
  output('AlarmTopic', props.alarmTopic.topicArn, 'Receives all alarms; add your own subscriptions');
  if (props.dashboardUrl !== undefined) output('Dashboard', props.dashboardUrl, 'Shows the state of the pipeline');
  const forCommand = 'For the tessera command';
  output('PayloadsBucket', payloads.bucket.bucketName, 'Holds reports that are too large for the table');
  output('RunsTable', runs.table.tableName, forCommand);
  // The command's names: `Start` has the outputs `StartQueue` and `StartDeadLetters`.
  const queues = { Start: props.starts, Settle: props.settles, Copy: props.copies, Notify: props.notices };
  for (const [hop, { queue, deadLetters }] of Object.entries(queues)) {
    output(`${hop}Queue`, queue.queueUrl, forCommand);
    output(`${hop}DeadLetters`, deadLetters.queueUrl, `${forCommand}: messages that failed too often`);
  }
  output('MosaicApiUrl', mosaic.apiUrl, forCommand);
  output('MosaicApiKeySecret', mosaic.apiKey.secretArn, forCommand);
  output('InitialRules', JSON.stringify(settings.rules), `${forCommand}: they apply until others are applied`);
}

const describeUploads = ({ tessera }: Commands): string =>
  'Drop videos here. In the first minutes after a deploy S3 may not send events yet; to process videos dropped then: ' +
  tessera('backfill ""');
