import { Duration, Stack } from 'aws-cdk-lib';
import { HttpMethod } from 'aws-cdk-lib/aws-apigatewayv2';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction as InvokeFunction, SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import type { Stage } from './config.ts';
import { sendAlarms } from './constructs/alarms.ts';
import { ExistingBucket } from './constructs/existing-bucket.ts';
import { HttpDoor } from './constructs/http-door.ts';
import { functionsOf, type LambdaFunction } from './constructs/lambda-function.ts';
import { QueueWithDeadLetters } from './constructs/queue-with-dead-letters.ts';
import { RecordsTable } from './constructs/records-table.ts';
import { type ObjectStore, VideoBucket } from './constructs/video-bucket.ts';
import { happeningsOf } from './happenings.ts';
import { tellWhere } from './outputs.ts';

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

/** How long what was reported stays where it was too large for the table. */
const payloadDays = 90;

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

    const uploads = uploadsOf(this, stage);
    const runs = new RecordsTable(this, 'Runs');
    const starts = newQueue('Starts', timeouts.startRun, 'an upload was not taken.');
    const settles = newQueue('Settles', timeouts.settle, 'a run was not moved on.');
    const copies = newQueue('Copies', timeouts.copyOutput, 'a finished output was not delivered.');
    const deliveries = deliveriesOf(this, stage);
    const payloads = new VideoBucket(this, 'Payloads', { keptDays: payloadDays });
    const door = new HttpDoor(this, 'Door', {
      requestsPerSecond: stage.requestsPerSecond,
      logRetentionDays: stage.logRetentionDays,
      authorisation:
        'The webhook function itself compares the shared secret in constant time, because the Mosaic API sends it as a ' +
        'plain header; the path carries an id that cannot be guessed, and requests are limited.',
    });

    // In force until others are applied by command, which go into the table.
    const initialRules = JSON.stringify(stage.rules);

    sendUploadsTo(starts, uploads);
    const startRun = newFunction('StartRun', {
      door: 'start-run',
      description: 'Claims an upload and starts an agent run for it',
      timeout: timeouts.startRun,
    });
    startRun.consumes(starts, { batchSize: 10, atOnce: 5 });
    startRun.usesTable('RUNS_TABLE', runs);
    startRun.readsBucket('UPLOADS_BUCKET', uploads);
    startRun.restoresIn(uploads);
    startRun.signsLinksTo('LINK_ROLE', uploads);
    startRun.sendsTo('START_QUEUE', starts);
    startRun.sendsTo('SETTLE_QUEUE', settles);
    callsMosaic(startRun, mosaic);
    startRun.setting('CALLBACK_URL', door.url);
    startRun.setting('RULES', initialRules);
    startRun.setting('SLOTS', stage.slots);
    startRun.setting('UPLOAD_LINK_SECONDS', stage.uploadLinkSeconds);
    startRun.setting('UNCERTAIN_WAIT_SECONDS', stage.uncertainWaitSeconds);

    const webhook = newFunction('Webhook', {
      door: 'webhook',
      description: 'Writes down what the Mosaic API reports and wakes settle',
      timeout: Duration.seconds(20),
    });
    door.leadsTo(webhook, { method: HttpMethod.POST, path: '/webhook/{runId}' });
    // Whoever is reached from the internet only takes down what is said.
    webhook.usesTable('RUNS_TABLE', runs, ['GetItem', 'PutItem']);
    webhook.sendsTo('SETTLE_QUEUE', settles);
    webhook.addsTo('PAYLOADS_BUCKET', payloads);
    webhook.readsSecret('WEBHOOK_SECRET_SECRET', mosaic.webhookSecret);

    const settle = newFunction('Settle', {
      door: 'settle',
      description: 'Asks the Mosaic API where a run stands and moves it on',
      timeout: timeouts.settle,
    });
    settle.consumes(settles, { batchSize: 1, atOnce: 5 });
    settle.usesTable('RUNS_TABLE', runs);
    settle.sendsTo('START_QUEUE', starts);
    settle.sendsTo('SETTLE_QUEUE', settles);
    settle.sendsTo('COPY_QUEUE', copies);
    callsMosaic(settle, mosaic);
    settle.setting('RULES', initialRules);
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
    copyOutput.writesBucket('DELIVERIES_BUCKET', deliveries, { tags: true });
    copyOutput.setting('DELIVERIES_PREFIX', stage.deliveriesPrefix);
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
    // It wakes others, and writes only how far it has come.
    reconcile.usesTable('RUNS_TABLE', runs, ['GetItem', 'PutItem', 'DeleteItem', 'Query']);
    reconcile.sendsTo('SETTLE_QUEUE', settles);
    reconcile.sendsTo('START_QUEUE', starts);
    const reconcileFails = reconcile.alarmWhenFailing(
      period,
      `Tessera ${stage.name}: reconcile keeps failing, so runs that went quiet stay so. Read the cause in its log; it tries again by itself.`,
    );

    const happenings = happeningsOf(this, stage.name, { startRun, webhook, settle, copyOutput });
    if (stage.alarmEmail !== undefined) {
      const states = [starts.alarm, settles.alarm, copies.alarm, reconcileFails];
      sendAlarms(this, { states, happenings }, stage.alarmEmail);
    }
    const webhookUrl = `${door.url}/webhook`;
    tellWhere(this, { stage, runs, uploads, deliveries, payloads, starts, settles, mosaic, webhookUrl });
  }
}

/** What S3 says of its objects becomes messages; what cannot be handed over joins the dead letters. */
function sendUploadsTo(starts: QueueWithDeadLetters, uploads: ObjectStore): void {
  new Rule(uploads, 'Uploaded', {
    description: 'Something arrived in the uploads bucket, or came back from its archive',
    eventPattern: {
      source: ['aws.s3'],
      // Whatever made the object: a put, a form, a copy, many parts.
      detailType: ['Object Created', 'Object Restore Completed'],
      detail: { bucket: { name: [uploads.bucket.bucketName] } },
    },
    targets: [new SqsQueue(starts.queue, { deadLetterQueue: starts.deadLetters })],
  });
}

function uploadsOf(scope: Construct, { uploadsBucket, uploadsKeyArn }: Stage): ObjectStore {
  return uploadsBucket === undefined
    ? new VideoBucket(scope, 'Uploads', { events: true })
    : new ExistingBucket(scope, 'Uploads', { bucketName: uploadsBucket, keyArn: uploadsKeyArn });
}

function deliveriesOf(scope: Construct, { deliveriesBucket, deliveriesKeyArn, deliveriesPrefix }: Stage): ObjectStore {
  return deliveriesBucket === undefined
    ? new VideoBucket(scope, 'Deliveries', { events: true })
    : new ExistingBucket(scope, 'Deliveries', {
        bucketName: deliveriesBucket,
        keyArn: deliveriesKeyArn,
        prefix: deliveriesPrefix,
      });
}

function callsMosaic(caller: LambdaFunction, mosaic: MosaicAccess): void {
  caller.setting('MOSAIC_API_URL', mosaic.apiUrl);
  caller.readsSecret('MOSAIC_API_KEY_SECRET', mosaic.apiKey);
}
