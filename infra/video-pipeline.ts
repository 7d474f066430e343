import { Annotations } from 'aws-cdk-lib';
import type { Dashboard } from 'aws-cdk-lib/aws-cloudwatch';
import type { ITableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { EventBus, type IEventBus } from 'aws-cdk-lib/aws-events';
import { Bucket, type IBucket } from 'aws-cdk-lib/aws-s3';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { type Commands, pipelineCommands, qualifiedName } from './commands.ts';
import { alarmTopicFor } from './constructs/alarms.ts';
import { givenOrNewBucket } from './constructs/existing-bucket.ts';
import { HttpDoor } from './constructs/http-door.ts';
import { functionFactory } from './constructs/lambda-function.ts';
import { RecordsTable } from './constructs/records-table.ts';
import { StageSecret } from './constructs/stage-secret.ts';
import { VideoBucket } from './constructs/video-bucket.ts';
import { hostedApiUrl } from './defaults.ts';
import { assetsFolder } from './function-names.ts';
import { addCopyOutput } from './functions/copy-output.ts';
import { addNotify } from './functions/notify.ts';
import type { PipelineParts } from './functions/pipeline-parts.ts';
import { addReconcile } from './functions/reconcile.ts';
import { addSettle } from './functions/settle.ts';
import { addStartRun } from './functions/start-run.ts';
import { addWebhook } from './functions/webhook.ts';
import { addOutputs } from './outputs.ts';
import { addPipelineAlarms } from './pipeline-alarms.ts';
import { consoleUrl, createDashboard } from './pipeline-dashboard.ts';
import type { MosaicAccess, VideoPipelineProps } from './pipeline-props.ts';
import { createQueues } from './pipeline-queues.ts';
import { type PipelineSettings, readPipelineProps } from './read-pipeline-props.ts';
import { VideoEngine } from './video-engine.ts';

/** How long reports that are too large for the table are kept. */
const payloadDays = 90;

/** An upload's journey from the uploads bucket to the deliveries bucket, wired in that order. */
export class VideoPipeline extends Construct {
  readonly uploads: IBucket;
  readonly deliveries: IBucket;
  /** Holds the records of uploads, runs and deliveries. */
  readonly runs: ITableV2;
  readonly alarmTopic: ITopic;
  /** Receives the events of runs, with the source `tessera`; see `docs/events.md`. */
  readonly eventBus: IEventBus;
  /** Signs the webhooks that rules ask for. */
  readonly signingSecret: ISecret;
  readonly dashboard?: Dashboard;
  /** The engine that the pipeline created, if it created one. */
  readonly engine?: VideoEngine;

  constructor(scope: Construct, id: string, props: VideoPipelineProps = {}) {
    super(scope, id);
    const settings = readPipelineProps(this, props);
    const name = props.name ?? qualifiedName(this);
    this.alarmTopic = alarmTopicFor(this, props);
    if (props.mosaic === undefined) this.engine = createEngine(this, name, props);
    const mosaic = withApiUrl(props.mosaic ?? (this.engine as VideoEngine));
    const commands = props.commands ?? pipelineCommands(name, mosaic.apiKey);
    warnWithoutRules(this, name, settings, commands);

    const parts = this.createParts({ name, settings, mosaic, commands, props });
    this.uploads = parts.uploads.bucket;
    this.deliveries = parts.deliveries.bucket;
    this.runs = parts.runs.table;
    this.eventBus = parts.eventBus;
    this.signingSecret = parts.signingSecret;

    sendUploadEvents(this, props);
    const functions = {
      startRun: addStartRun(parts),
      webhook: addWebhook(parts),
      settle: addSettle(parts),
      copyOutput: addCopyOutput(parts),
      notify: addNotify(parts),
      reconcile: addReconcile(parts),
    };

    const queues = [parts.starts, parts.settles, parts.copies, parts.notices];
    const { reconcileMinutes, slots } = settings;
    const topic = this.alarmTopic;
    const logAlarms = addPipelineAlarms(this, { name, commands, topic, queues, functions, reconcileMinutes });
    if (settings.dashboard) {
      this.dashboard = createDashboard(this, { name, queues, functions: Object.values(functions), logAlarms, slots });
    }
    addOutputs(this, {
      ...parts,
      commands,
      alarmTopic: topic,
      dashboardUrl: this.dashboard && consoleUrl(this.dashboard),
    });
  }

  private createParts({ name, settings, mosaic, commands, props }: PartsProps): PipelineParts {
    const uploads = givenOrNewBucket(this, 'Uploads', { bucket: props.uploads, keyArn: props.uploadsKeyArn });
    const runs = new RecordsTable(this, 'Runs');
    const queues = createQueues(this, { name, commands });
    const deliveries = givenOrNewBucket(this, 'Deliveries', {
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
        'plain header. The path contains an id that cannot be guessed, and requests are throttled.',
    });
    const eventBus =
      props.eventBus ?? new EventBus(this, 'Events', { description: `Tessera ${name}: the events of runs` });
    const signingSecret = new StageSecret(this, 'SigningSecret', {
      stage: name,
      role: 'signing-secret',
      description: `Tessera ${name}: signs the webhooks that rules ask for; with "whsec_" before it, what receivers check them by`,
    }).secret;
    const newFunction = functionFactory(this, {
      assetsFolder: props.assetsFolder ?? assetsFolder,
      logRetentionDays: settings.logRetentionDays,
      tracing: settings.tracing,
    });
    return {
      scope: this,
      name,
      settings,
      mosaic,
      newFunction,
      ...queues,
      uploads,
      runs,
      deliveries,
      payloads,
      door,
      eventBus,
      signingSecret,
    };
  }
}

interface PartsProps {
  readonly name: string;
  readonly settings: PipelineSettings;
  readonly mosaic: Required<MosaicAccess>;
  readonly commands: Commands;
  readonly props: VideoPipelineProps;
}

function createEngine(pipeline: VideoPipeline, name: string, props: VideoPipelineProps): VideoEngine {
  return new VideoEngine(pipeline, 'Engine', {
    ...props.engine,
    name,
    trustedHosts: props.trustedHosts,
    requestsPerSecond: props.requestsPerSecond,
    logRetentionDays: props.logRetentionDays,
    tracing: props.tracing,
    assetsFolder: props.assetsFolder,
    alarmTopic: pipeline.alarmTopic,
  });
}

const withApiUrl = ({ apiUrl = hostedApiUrl, apiKey, webhookSecret }: MosaicAccess): Required<MosaicAccess> => ({
  apiUrl,
  apiKey,
  webhookSecret,
});

function warnWithoutRules(scope: Construct, name: string, { rules }: PipelineSettings, commands: Commands): void {
  if ((rules.rules as unknown[]).length > 0) return;
  Annotations.of(scope).addWarningV2(
    'tessera:no-rules',
    `"${name}" has no rules, so every upload is ignored until you apply some: ${commands.tessera('rules apply rules.json')} (docs/deploy.md).`,
  );
}

/** Makes a bucket of the app send its events. For other existing buckets this prints what their owner has to do. */
function sendUploadEvents(pipeline: VideoPipeline, { uploads, commands }: VideoPipelineProps): void {
  if (uploads instanceof Bucket) uploads.enableEventBridgeNotification();
  // A stage has its own hint; see pipeline-stack.ts.
  else if (uploads !== undefined && commands === undefined)
    Annotations.of(pipeline).addInfoV2(
      'tessera:events',
      `S3 must send the events of ${pipeline.uploads.bucketName} to EventBridge, once: S3 console, the bucket, Properties, Amazon EventBridge.`,
    );
}
