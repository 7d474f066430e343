import { CfnOutput, Duration, Stack } from 'aws-cdk-lib';
import { HttpMethod } from 'aws-cdk-lib/aws-apigatewayv2';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction as InvokeFunction, SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import type { Stage } from './config.ts';
import { sendAlarms } from './constructs/alarms.ts';
import { HttpDoor } from './constructs/http-door.ts';
import { functionsOf, type LambdaFunction } from './constructs/lambda-function.ts';
import { QueueWithDeadLetters } from './constructs/queue-with-dead-letters.ts';
import { RecordsTable } from './constructs/records-table.ts';
import { VideoBucket } from './constructs/video-bucket.ts';

/** Where the Mosaic API is and what opens it. */
export interface MosaicAccess {
  readonly apiUrl: string;
  readonly apiKey: ISecret;
  readonly webhookSecret: ISecret;
}

export interface PipelineStackProps {
  readonly stage: Stage;
  readonly assetsFolder: string;
  readonly mosaic: (stack: Stack) => MosaicAccess;
}

/** Each is also how long a message waits before it is tried again, so none is longer than its work may need. */
const timeouts = {
  // One start with its repeats takes four minutes at most. It should not be cut off: nobody would know whether it began.
  startRun: Duration.minutes(5),
  // One question to an API that answers only the fourth time.
  settle: Duration.seconds(150),
  // A longer copy goes on from the parts that have arrived when its message comes again.
  copyOutput: Duration.minutes(5),
};

/** An upload's journey, in the order in which it happens: uploads bucket to deliveries bucket. */
export class PipelineStack extends Stack {
  constructor(scope: Construct, id: string, props: PipelineStackProps) {
    const { stage } = props;
    super(scope, id, { description: `Tessera ${stage.name}: from the uploads bucket to the deliveries bucket` });
    const mosaic = props.mosaic(this);
    const newFunction = functionsOf(this, {
      assetsFolder: props.assetsFolder,
      logRetentionDays: stage.logRetentionDays,
    });
    const newQueue = (name: string, visibility: Duration, meaning: string) =>
      new QueueWithDeadLetters(this, name, { visibility, meaning: `Tessera ${stage.name}: ${meaning}` });

    const uploads = new VideoBucket(this, 'Uploads', { events: true });
    const runs = new RecordsTable(this, 'Runs');
    const starts = newQueue('Starts', timeouts.startRun, 'an upload was not taken.');
    const settles = newQueue('Settles', timeouts.settle, 'a run was not moved on.');
    const copies = newQueue('Copies', timeouts.copyOutput, 'a finished output was not delivered.');
    const deliveries = new VideoBucket(this, 'Deliveries', { events: true });
    const door = new HttpDoor(this, 'Door', {
      requestsPerSecond: stage.requestsPerSecond,
      logRetentionDays: stage.logRetentionDays,
      authorisation:
        'The webhook function itself compares the shared secret in constant time, because the Mosaic API sends it as a ' +
        'plain header; the path carries an id that cannot be guessed, and requests are limited.',
    });

    sendUploadsTo(starts, uploads);
    const startRun = newFunction('StartRun', {
      door: 'start-run',
      description: 'Claims an upload and starts an agent run for it',
      timeout: timeouts.startRun,
    });
    startRun.consumes(starts, { batchSize: 10, atOnce: 5 });
    startRun.usesTable('RUNS_TABLE', runs);
    startRun.readsBucket('UPLOADS_BUCKET', uploads);
    startRun.sendsTo('START_QUEUE', starts);
    startRun.sendsTo('SETTLE_QUEUE', settles);
    callsMosaic(startRun, mosaic);
    startRun.setting('CALLBACK_URL', door.url);
    startRun.setting('RULES', JSON.stringify(stage.rules));
    startRun.setting('SLOTS', stage.slots);
    startRun.setting('UPLOAD_LINK_SECONDS', stage.uploadLinkSeconds);
    startRun.setting('UNCERTAIN_WAIT_SECONDS', stage.uncertainWaitSeconds);

    const webhook = newFunction('Webhook', {
      door: 'webhook',
      description: 'Writes down what the Mosaic API reports and wakes settle',
      timeout: Duration.seconds(20),
    });
    door.leadsTo(webhook, { method: HttpMethod.POST, path: '/webhook/{runId}' });
    webhook.usesTable('RUNS_TABLE', runs);
    webhook.sendsTo('SETTLE_QUEUE', settles);
    webhook.readsSecret('WEBHOOK_SECRET_SECRET', mosaic.webhookSecret);

    const settle = newFunction('Settle', {
      door: 'settle',
      description: 'Asks the Mosaic API where a run stands and moves it on',
      timeout: timeouts.settle,
    });
    settle.consumes(settles, { batchSize: 1, atOnce: 5 });
    settle.usesTable('RUNS_TABLE', runs);
    settle.sendsTo('START_QUEUE', starts);
    settle.sendsTo('COPY_QUEUE', copies);
    callsMosaic(settle, mosaic);
    settle.setting('UNCERTAIN_WAIT_SECONDS', stage.uncertainWaitSeconds);
    settle.setting('RUN_DEADLINE_SECONDS', stage.runDeadlineSeconds);

    const copyOutput = newFunction('CopyOutput', {
      door: 'copy-output',
      description: 'Streams one output into the deliveries bucket',
      timeout: timeouts.copyOutput,
      memoryMb: 1_769,
    });
    copyOutput.consumes(copies, { batchSize: 1, atOnce: 5 });
    copyOutput.usesTable('RUNS_TABLE', runs);
    copyOutput.writesBucket('DELIVERIES_BUCKET', deliveries);
    callsMosaic(copyOutput, mosaic);
    copyOutput.setting('TRUSTED_HOSTS', stage.trustedHosts.join(','));

    const reconcile = newFunction('Reconcile', {
      door: 'reconcile',
      description: 'Wakes settle for runs that went quiet',
      timeout: Duration.minutes(1),
    });
    const period = Duration.minutes(stage.reconcileMinutes);
    new Rule(this, 'EveryFewMinutes', {
      schedule: Schedule.rate(period),
      targets: [new InvokeFunction(reconcile.lambda)],
    });
    reconcile.usesTable('RUNS_TABLE', runs);
    reconcile.sendsTo('SETTLE_QUEUE', settles);
    reconcile.sendsTo('START_QUEUE', starts);
    const reconcileFails = reconcile.alarmWhenFailing(
      period,
      `Tessera ${stage.name}: reconcile keeps failing, so runs that went quiet stay so. Read the cause in its log; it tries again by itself.`,
    );

    if (stage.alarmEmail !== undefined) {
      sendAlarms(this, [starts.alarm, settles.alarm, copies.alarm, reconcileFails], stage.alarmEmail);
    }
    tellWhere(this, { uploads, deliveries, door });
  }
}

/** What S3 says of a finished upload becomes a message; what cannot be handed over joins the dead letters. */
function sendUploadsTo(starts: QueueWithDeadLetters, uploads: VideoBucket): void {
  new Rule(uploads, 'Uploaded', {
    description: 'A video arrived in the uploads bucket',
    eventPattern: {
      source: ['aws.s3'],
      detailType: ['Object Created'],
      detail: { bucket: { name: [uploads.bucket.bucketName] } },
    },
    targets: [new SqsQueue(starts.queue, { deadLetterQueue: starts.deadLetters })],
  });
}

function callsMosaic(caller: LambdaFunction, mosaic: MosaicAccess): void {
  caller.setting('MOSAIC_API_URL', mosaic.apiUrl);
  caller.readsSecret('MOSAIC_API_KEY_SECRET', mosaic.apiKey);
}

function tellWhere(stack: Stack, places: { uploads: VideoBucket; deliveries: VideoBucket; door: HttpDoor }): void {
  const output = (id: string, value: string, description: string) => new CfnOutput(stack, id, { value, description });
  output(
    'UploadsBucket',
    places.uploads.bucket.bucketName,
    'Drop videos here. In the first minutes after a deploy S3 may not send events yet: drop such a video again',
  );
  output('DeliveriesBucket', places.deliveries.bucket.bucketName, 'Edited videos appear here');
  output('WebhookUrl', `${places.door.url}/webhook`, 'The Mosaic API reports to this address; not meant for browsers');
}
