import { CfnOutput, Duration, Stack } from 'aws-cdk-lib';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import type { Stage } from './config.ts';
import { sendAlarms } from './constructs/alarms.ts';
import { HttpDoor } from './constructs/http-door.ts';
import { functionsOf } from './constructs/lambda-function.ts';
import { QueueWithDeadLetters } from './constructs/queue-with-dead-letters.ts';
import { RecordsTable } from './constructs/records-table.ts';
import { StageSecret } from './constructs/stage-secret.ts';
import { VideoBucket } from './constructs/video-bucket.ts';

export interface EngineStackProps {
  readonly stage: Stage;
  readonly assetsFolder: string;
}

/** Lambda's longest; a render must fit into one call for now. */
const workTimeout = Duration.minutes(15);

/** Our own engine: serves the Mosaic API and renders with FFmpeg. */
export class EngineStack extends Stack {
  readonly apiUrl: string;
  readonly apiKey: ISecret;
  readonly webhookSecret: ISecret;

  constructor(scope: Construct, id: string, { stage, assetsFolder }: EngineStackProps) {
    super(scope, id, { description: `Tessera ${stage.name}: the self-hosted engine` });
    const newFunction = functionsOf(this, { assetsFolder, logRetentionDays: stage.logRetentionDays });

    this.apiKey = new StageSecret(this, 'ApiKey', {
      stage: stage.name,
      role: 'mosaic-api-key',
      description: `Tessera ${stage.name}: the engine's first API key`,
      apiKey: true,
    }).secret;
    this.webhookSecret = new StageSecret(this, 'WebhookSecret', {
      stage: stage.name,
      role: 'webhook-secret',
      description: `Tessera ${stage.name}: what the engine shows with each webhook`,
    }).secret;

    const records = new RecordsTable(this, 'Records');
    const media = new VideoBucket(this, 'Media');
    const work = new QueueWithDeadLetters(this, 'Work', {
      visibility: workTimeout,
      meaning: `Tessera ${stage.name}: a render failed five times and its agent run cannot finish.`,
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
    api.setting('TRUSTED_HOSTS', stage.trustedHosts.join(','));
    api.setting('RENDER_LIMIT_SECONDS', stage.renderLimitSeconds);

    const door = new HttpDoor(this, 'Door', {
      requestsPerSecond: stage.requestsPerSecond,
      logRetentionDays: stage.logRetentionDays,
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
      memoryMb: stage.renderMemoryMb,
      // Lambda's most: an input of up to 5 GB lies beside its edited output.
      storageMb: 10_240,
    });
    worker.consumes(work, { batchSize: 1, atOnce: stage.rendersAtOnce });
    worker.usesTable('ENGINE_TABLE', records);
    worker.writesBucket('MEDIA_BUCKET', media);
    worker.sendsTo('WORK_QUEUE', work);
    worker.readsSecret('WEBHOOK_SECRET_SECRET', this.webhookSecret);
    worker.setting('TRUSTED_HOSTS', stage.trustedHosts.join(','));
    worker.setting('FFMPEG_PATH', '/var/task/bin/ffmpeg');
    worker.setting('FFPROBE_PATH', '/var/task/bin/ffprobe');
    worker.setting('RENDER_LIMIT_SECONDS', stage.renderLimitSeconds);

    if (stage.alarmEmail !== undefined) sendAlarms(this, { states: [work.alarm] }, stage.alarmEmail);
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
