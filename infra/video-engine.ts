import { CfnOutput, Duration } from 'aws-cdk-lib';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { nameOf } from './commands.ts';
import { alarmTopicOf, sendAlarms } from './constructs/alarms.ts';
import { HttpDoor } from './constructs/http-door.ts';
import { functionsOf } from './constructs/lambda-function.ts';
import { QueueWithDeadLetters } from './constructs/queue-with-dead-letters.ts';
import { RecordsTable } from './constructs/records-table.ts';
import { StageSecret } from './constructs/stage-secret.ts';
import { VideoBucket } from './constructs/video-bucket.ts';
import { assetsFolder } from './function-names.ts';
import { needFfmpeg } from './place-ffmpeg.ts';
import { settled } from './resolve-props.ts';

export interface EngineSettings {
  /** The longest that one render may take; 840 at most. */
  readonly renderLimitSeconds?: number;
  /** Lambda gives processors by memory: six at 10240, one at 1769. */
  readonly renderMemoryMb?: number;
  readonly rendersAtOnce?: number;
}

export interface VideoEngineProps extends EngineSettings {
  readonly trustedHosts?: readonly string[];
  readonly requestsPerSecond?: number;
  readonly logRetentionDays?: number;
  readonly tracing?: boolean;
  /** Alarms are sent here. Default: a topic of its own. */
  readonly alarmTopic?: ITopic;
  readonly alarmEmail?: string;
  /** What alarms and secrets call it. Default: its stack and its place in there. */
  readonly name?: string;
  readonly assetsFolder?: string;
}

/** Lambda's longest; a render must fit into one call for now. */
const workTimeout = Duration.minutes(15);

/** Our own engine: serves the Mosaic API and renders with FFmpeg. */
export class VideoEngine extends Construct {
  readonly apiUrl: string;
  readonly apiKey: ISecret;
  readonly webhookSecret: ISecret;
  readonly alarmTopic: ITopic;

  constructor(scope: Construct, id: string, props: VideoEngineProps = {}) {
    super(scope, id);
    if (props.assetsFolder === undefined) needFfmpeg();
    const settings = settled(this, 'VideoEngine', props);
    const name = props.name ?? nameOf(this);
    const newFunction = functionsOf(this, {
      assetsFolder: props.assetsFolder ?? assetsFolder,
      logRetentionDays: settings.logRetentionDays,
      tracing: settings.tracing,
    });

    this.apiKey = new StageSecret(this, 'ApiKey', {
      stage: name,
      role: 'mosaic-api-key',
      description: `Tessera ${name}: the engine's first API key`,
      apiKey: true,
    }).secret;
    this.webhookSecret = new StageSecret(this, 'WebhookSecret', {
      stage: name,
      role: 'webhook-secret',
      description: `Tessera ${name}: what the engine shows with each webhook`,
    }).secret;

    const records = new RecordsTable(this, 'Records');
    const media = new VideoBucket(this, 'Media');
    const work = new QueueWithDeadLetters(this, 'Work', {
      visibility: workTimeout,
      // Renders wait for one another: five at once, a quarter of an hour each at most.
      oldest: Duration.hours(2),
      meaning: `Tessera ${name}: a render failed five times and its agent run cannot finish.`,
    });

    const api = newFunction('EngineApi', {
      door: 'engine-api',
      description: 'Serves the Mosaic API: agents, runs, outputs',
      timeout: Duration.seconds(29),
      memoryMb: 1_024,
    });
    api.usesTable('ENGINE_TABLE', records);
    api.readsBucket('MEDIA_BUCKET', media);
    api.sendsTo('WORK_QUEUE', work);
    api.readsSecret('ENGINE_KEY_SECRET', this.apiKey);
    api.setting('TRUSTED_HOSTS', settings.trustedHosts.join(','));
    api.setting('RENDER_LIMIT_SECONDS', settings.renderLimitSeconds);

    const door = new HttpDoor(this, 'Door', {
      requestsPerSecond: settings.requestsPerSecond,
      logRetentionDays: settings.logRetentionDays,
      authorisation:
        'engine-api itself asks for a bearer key on every route and compares its hash, as the Mosaic API does.',
    });
    door.leadsTo(api);
    this.apiUrl = door.url;

    const worker = newFunction('EngineWork', {
      door: 'engine-work',
      description: 'Renders one output at a time with FFmpeg and sends webhooks',
      timeout: workTimeout,
      // The FFmpeg builds that npm carries for Lambda's Linux are for x86_64. Lambda gives processors by memory: all six
      // at 10240 MB. A render costs about the same on many processors for a short time as on few for long, and must end in time.
      x86: true,
      memoryMb: settings.renderMemoryMb,
      // Lambda's most: an input of up to 5 GB lies beside its edited output.
      storageMb: 10_240,
    });
    worker.consumes(work, { batchSize: 1, atOnce: settings.rendersAtOnce });
    worker.usesTable('ENGINE_TABLE', records);
    worker.writesBucket('MEDIA_BUCKET', media);
    worker.sendsTo('WORK_QUEUE', work);
    worker.readsSecret('WEBHOOK_SECRET_SECRET', this.webhookSecret);
    worker.setting('TRUSTED_HOSTS', settings.trustedHosts.join(','));
    worker.setting('FFMPEG_PATH', '/var/task/bin/ffmpeg');
    worker.setting('FFPROBE_PATH', '/var/task/bin/ffprobe');
    worker.setting('RENDER_LIMIT_SECONDS', settings.renderLimitSeconds);

    this.alarmTopic = alarmTopicOf(this, props);
    const failing = [api, worker].map((each) => each.alarmWhenOftenFailing(name));
    sendAlarms(this.alarmTopic, { states: [...work.alarms, ...failing] });
    new CfnOutput(this, 'EngineUrl', {
      value: this.apiUrl,
      description: "The Mosaic API's address, served by our engine",
    });
    new CfnOutput(this, 'EngineKeySecret', {
      value: this.apiKey.secretArn,
      description: 'Secret that holds the API key',
    });
  }
}
