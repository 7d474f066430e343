import { Annotations, Duration } from 'aws-cdk-lib';
import { HttpMethod } from 'aws-cdk-lib/aws-apigatewayv2';
import type { Dashboard } from 'aws-cdk-lib/aws-cloudwatch';
import type { ITableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { EventBus, type IEventBus, Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction as InvokeFunction, SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import { Bucket, type IBucket } from 'aws-cdk-lib/aws-s3';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { nameOf, pipelineCommands } from './commands.ts';
import { alarmTopicOf } from './constructs/alarms.ts';
import { storeOf } from './constructs/existing-bucket.ts';
import { HttpDoor } from './constructs/http-door.ts';
import { functionsOf, type LambdaFunction } from './constructs/lambda-function.ts';
import { QueueWithDeadLetters, type QueueWithDeadLettersProps } from './constructs/queue-with-dead-letters.ts';
import { RecordsTable } from './constructs/records-table.ts';
import { StageSecret } from './constructs/stage-secret.ts';
import { type ObjectStore, VideoBucket } from './constructs/video-bucket.ts';
import { hostedApiUrl } from './defaults.ts';
import { assetsFolder } from './function-names.ts';
import { tellWhere } from './outputs.ts';
import { watch } from './pipeline-alarms.ts';
import { addressOf, dashboardOf } from './pipeline-dashboard.ts';
import { namespaceOf } from './pipeline-metrics.ts';
import type { MosaicAccess, VideoPipelineProps } from './pipeline-props.ts';
import { readPipelineProps } from './read-pipeline-props.ts';
import { VideoEngine } from './video-engine.ts';

/** Each is also how long a message waits before it is tried again, so none is longer than its work may need. */
export const timeouts = {
  // One start with its repeats takes four minutes at most. It should not be cut off: nobody would know whether it began.
  startRun: Duration.minutes(5),
  // One question to an API that answers only the fourth time.
  settle: Duration.seconds(150),
  // Many times a slice, after which a copy hands over to the next message.
  copyOutput: Duration.minutes(5),
  // The bus, and a batch of receivers that may each take fifteen seconds to answer.
  notify: Duration.minutes(1),
};

/** Longer than a message has to wait on a busy day. */
const oldest = {
  starts: Duration.minutes(30),
  settles: Duration.minutes(30),
  copies: Duration.hours(1),
  // A receiver that does not answer is asked again after five seconds, five minutes and half an hour.
  notices: Duration.hours(1),
};

/** A receiver of webhooks may be away for a night: then it is asked for the eighth and last time. */
export const noticeReceives = 8;

/** How long what was reported stays where it was too large for the table. */
const payloadDays = 90;

/** An upload's journey, in the order in which it happens: uploads bucket to deliveries bucket. */
export class VideoPipeline extends Construct {
  readonly uploads: IBucket;
  readonly deliveries: IBucket;
  /** Its records: what was uploaded, started, delivered. */
  readonly runs: ITableV2;
  /** Where its alarms are sent. */
  readonly alarmTopic: ITopic;
  /** Tells what becomes of runs, under the source `tessera`; see `docs/events.md`. */
  readonly eventBus: IEventBus;
  /** Signs the webhooks that rules ask for. */
  readonly signingSecret: ISecret;
  readonly dashboard?: Dashboard;
  /** The engine of its own, where it has one. */
  readonly engine?: VideoEngine;

  constructor(scope: Construct, id: string, props: VideoPipelineProps = {}) {
    super(scope, id);
    const settings = readPipelineProps(this, props);
    const name = props.name ?? nameOf(this);
    this.alarmTopic = alarmTopicOf(this, props);
    if (props.mosaic === undefined) this.engine = ownEngine(this, name, props);
    const mosaic = accessOf(props.mosaic ?? (this.engine as VideoEngine));
    const commands = props.commands ?? pipelineCommands(name, mosaic.apiKey);
    warnWithoutRules(this, name, settings.rules, commands.tessera('rules apply rules.json'));
    const newFunction = functionsOf(this, {
      assetsFolder: props.assetsFolder ?? assetsFolder,
      logRetentionDays: settings.logRetentionDays,
      tracing: settings.tracing,
    });
    const newQueue = (queueId: 'Starts' | 'Settles' | 'Copies' | 'Notices', props: NewQueue) =>
      new QueueWithDeadLetters(this, queueId, {
        ...props,
        meaning: `Tessera ${name}: ${props.meaning}`,
        redrive: commands.tessera(`redrive ${queueId.toLowerCase()}`),
      });

    const uploads = storeOf(this, 'Uploads', { bucket: props.uploads, keyArn: props.uploadsKeyArn });
    const runs = new RecordsTable(this, 'Runs');
    const starts = newQueue('Starts', {
      visibility: timeouts.startRun,
      oldest: oldest.starts,
      meaning: 'an upload was not taken.',
    });
    const settles = newQueue('Settles', {
      visibility: timeouts.settle,
      oldest: oldest.settles,
      meaning: 'a run was not moved on.',
    });
    const copies = newQueue('Copies', {
      visibility: timeouts.copyOutput,
      oldest: oldest.copies,
      meaning: 'a finished output was not delivered.',
    });
    const notices = newQueue('Notices', {
      visibility: timeouts.notify,
      oldest: oldest.notices,
      maxReceives: noticeReceives,
      meaning: 'somebody was not told what became of a run.',
    });
    const deliveries = storeOf(this, 'Deliveries', {
      bucket: props.deliveries,
      keyArn: props.deliveriesKeyArn,
      prefix: settings.deliveriesPrefix,
      region: props.deliveriesRegion,
      owner: props.deliveriesAccount,
    });
    const payloads = new VideoBucket(this, 'Payloads', { keptDays: payloadDays });
    const door = new HttpDoor(this, 'Door', {
      requestsPerSecond: settings.requestsPerSecond,
      logRetentionDays: settings.logRetentionDays,
      authorisation:
        'The webhook function itself compares the shared secret in constant time, because the Mosaic API sends it as a ' +
        'plain header; the path carries an id that cannot be guessed, and requests are limited.',
    });
    this.uploads = uploads.bucket;
    this.deliveries = deliveries.bucket;
    this.runs = runs.table;
    this.eventBus =
      props.eventBus ?? new EventBus(this, 'Events', { description: `Tessera ${name}: what becomes of runs` });
    this.signingSecret = new StageSecret(this, 'SigningSecret', {
      stage: name,
      role: 'signing-secret',
      description: `Tessera ${name}: signs the webhooks that rules ask for; with "whsec_" before it, what receivers check them by`,
    }).secret;

    const { workersAtOnce: atOnce } = settings;
    // In force until others are applied by command, which go into the table.
    const initialRules = JSON.stringify(settings.rules);

    listenTo(this, props);
    sendUploadsTo(starts, uploads);
    const startRun = newFunction('StartRun', {
      door: 'start-run',
      description: 'Claims an upload and starts an agent run for it',
      timeout: timeouts.startRun,
    });
    startRun.consumes(starts, { batchSize: 10, atOnce });
    startRun.usesTable('RUNS_TABLE', runs);
    startRun.readsBucket('UPLOADS_BUCKET', uploads);
    startRun.restoresIn(uploads);
    startRun.signsLinksTo('LINK_ROLE', uploads);
    startRun.sendsTo('START_QUEUE', starts);
    startRun.sendsTo('SETTLE_QUEUE', settles);
    startRun.sendsTo('NOTIFY_QUEUE', notices);
    startRun.setting('METRICS_NAMESPACE', namespaceOf(name));
    callsMosaic(startRun, mosaic);
    startRun.setting('CALLBACK_URL', door.url);
    startRun.setting('RULES', initialRules);
    startRun.setting('SLOTS', settings.slots);
    startRun.setting('UPLOAD_LINK_SECONDS', settings.uploadLinkSeconds);
    startRun.setting('UNCERTAIN_WAIT_SECONDS', settings.uncertainWaitSeconds);

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
    settle.consumes(settles, { batchSize: 1, atOnce });
    settle.usesTable('RUNS_TABLE', runs);
    settle.sendsTo('START_QUEUE', starts);
    settle.sendsTo('SETTLE_QUEUE', settles);
    settle.sendsTo('COPY_QUEUE', copies);
    settle.sendsTo('NOTIFY_QUEUE', notices);
    settle.setting('METRICS_NAMESPACE', namespaceOf(name));
    callsMosaic(settle, mosaic);
    settle.setting('RULES', initialRules);
    settle.setting('UNCERTAIN_WAIT_SECONDS', settings.uncertainWaitSeconds);
    settle.setting('RUN_DEADLINE_SECONDS', settings.runDeadlineSeconds);

    const copyOutput = newFunction('CopyOutput', {
      door: 'copy-output',
      description: 'Streams one output into the deliveries bucket',
      timeout: timeouts.copyOutput,
      memoryMb: 1_769,
    });
    copyOutput.consumes(copies, { batchSize: 1, atOnce });
    copyOutput.usesTable('RUNS_TABLE', runs);
    copyOutput.writesBucket('DELIVERIES_BUCKET', deliveries, { tags: true });
    copyOutput.setting('DELIVERIES_PREFIX', settings.deliveriesPrefix);
    // What a slice leaves over, the next one's message asks for.
    copyOutput.sendsTo('COPY_QUEUE', copies);
    copyOutput.sendsTo('NOTIFY_QUEUE', notices);
    copyOutput.setting('SLICE_SECONDS', settings.sliceSeconds);
    copyOutput.setting('METRICS_NAMESPACE', namespaceOf(name));
    callsMosaic(copyOutput, mosaic);
    copyOutput.setting('TRUSTED_HOSTS', settings.trustedHosts.join(','));

    const notify = newFunction('Notify', {
      door: 'notify',
      description: 'Tells what became of runs, on the event bus and by webhook',
      timeout: timeouts.notify,
    });
    notify.consumes(notices, { batchSize: 10, atOnce });
    // It reads what happened, ends records that are no longer wanted, and forgets what it has told.
    notify.usesTable('RUNS_TABLE', runs, ['GetItem', 'UpdateItem', 'DeleteItem', 'Query']);
    notify.sendsTo('NOTIFY_QUEUE', notices);
    notify.putsEventsOn('EVENT_BUS', this.eventBus);
    notify.setting('DELIVERIES_BUCKET', deliveries.bucket.bucketName);
    notify.readsSecret('SIGNING_SECRET_SECRET', this.signingSecret);
    notify.setting('TRUSTED_HOSTS', settings.trustedHosts.join(','));
    notify.setting('METRICS_NAMESPACE', namespaceOf(name));
    if (props.retentionDays !== undefined) notify.setting('RETENTION_DAYS', props.retentionDays);

    const reconcile = newFunction('Reconcile', {
      door: 'reconcile',
      description: 'Wakes settle for runs that went quiet',
      timeout: Duration.minutes(1),
    });
    const period = Duration.minutes(settings.reconcileMinutes);
    new Rule(this, 'EveryFewMinutes', {
      schedule: Schedule.rate(period),
      targets: [new InvokeFunction(reconcile.lambda)],
    });
    // It wakes others, writes how far it has come, and clears away what nobody will finish.
    reconcile.usesTable('RUNS_TABLE', runs, ['GetItem', 'PutItem', 'UpdateItem', 'DeleteItem', 'Query']);
    reconcile.sendsTo('SETTLE_QUEUE', settles);
    reconcile.sendsTo('START_QUEUE', starts);
    reconcile.sendsTo('NOTIFY_QUEUE', notices);
    reconcile.clearsUploadsIn('DELIVERIES_BUCKET', deliveries);
    reconcile.setting('RECONCILE_MINUTES', settings.reconcileMinutes);
    reconcile.setting('METRICS_NAMESPACE', namespaceOf(name));

    const functions = { startRun, webhook, settle, copyOutput, notify, reconcile };
    const queues = { Start: starts, Settle: settles, Copy: copies, Notify: notices };
    const shown = { name, queues: Object.values(queues), slots: settings.slots };
    const { reconcileMinutes, rules, deliveriesPrefix } = settings;
    const happenings = watch(this, { ...shown, commands, functions, topic: this.alarmTopic, reconcileMinutes });
    if (settings.dashboard)
      this.dashboard = dashboardOf(this, { ...shown, functions: Object.values(functions), happenings });
    tellWhere(this, {
      ...{ commands, rules, deliveriesPrefix, mosaic, webhookUrl: `${door.url}/webhook`, queues },
      ...{ runs, uploads, deliveries, payloads },
      ...{ eventBus: this.eventBus, signingSecret: this.signingSecret, alarmTopic: this.alarmTopic },
      dashboardUrl: this.dashboard && addressOf(this.dashboard),
    });
  }
}

type NewQueue = Pick<QueueWithDeadLettersProps, 'visibility' | 'oldest' | 'meaning' | 'maxReceives'>;

function ownEngine(pipeline: VideoPipeline, name: string, props: VideoPipelineProps): VideoEngine {
  const { trustedHosts, requestsPerSecond, logRetentionDays, tracing, assetsFolder } = props;
  return new VideoEngine(pipeline, 'Engine', {
    ...props.engine,
    ...{ name, trustedHosts, requestsPerSecond, logRetentionDays, tracing, assetsFolder },
    alarmTopic: pipeline.alarmTopic,
  });
}

const accessOf = ({ apiUrl = hostedApiUrl, apiKey, webhookSecret }: MosaicAccess): Required<MosaicAccess> => ({
  apiUrl,
  apiKey,
  webhookSecret,
});

function warnWithoutRules(
  scope: Construct,
  name: string,
  { rules }: { readonly rules?: unknown },
  apply: string,
): void {
  if ((rules as unknown[]).length > 0) return;
  Annotations.of(scope).addWarningV2(
    'tessera:no-rules',
    `"${name}" has no rules, so every upload will be ignored until there are some: ${apply} (docs/deploy.md).`,
  );
}

/** A bucket of the app is told to send its events; whoever owns another one has to do that. */
function listenTo(pipeline: VideoPipeline, { uploads, commands }: VideoPipelineProps): void {
  if (uploads instanceof Bucket) uploads.enableEventBridgeNotification();
  // `npm run deploy` does it for a stage.
  else if (uploads !== undefined && commands === undefined)
    Annotations.of(pipeline).addInfoV2(
      'tessera:events',
      `S3 must send the events of ${pipeline.uploads.bucketName} to EventBridge, once: S3 console, the bucket, Properties, Amazon EventBridge.`,
    );
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

function callsMosaic(caller: LambdaFunction, mosaic: Required<MosaicAccess>): void {
  caller.setting('MOSAIC_API_URL', mosaic.apiUrl);
  caller.readsSecret('MOSAIC_API_KEY_SECRET', mosaic.apiKey);
}
