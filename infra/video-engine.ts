import { CfnOutput, Duration } from 'aws-cdk-lib';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { qualifiedName } from './commands.ts';
import { alarmTopicFor, sendAlarms } from './constructs/alarms.ts';
import { HttpDoor } from './constructs/http-door.ts';
import { functionFactory } from './constructs/lambda-function.ts';
import { QueueWithDeadLetters } from './constructs/queue-with-dead-letters.ts';
import { RecordsTable } from './constructs/records-table.ts';
import { StageSecret } from './constructs/stage-secret.ts';
import { VideoBucket } from './constructs/video-bucket.ts';
import { assetsFolder } from './function-names.ts';
import { addEngineApi } from './functions/engine-api.ts';
import type { EngineParts } from './functions/engine-parts.ts';
import { addEngineWork, workTimeout } from './functions/engine-work.ts';
import { ensureFfmpeg } from './place-ffmpeg.ts';
import { type ResolvedProps, resolveProps } from './resolve-props.ts';

export interface EngineSettings {
  /** The time limit of one render; 840 at most. */
  readonly renderLimitSeconds?: number;
  /** Lambda assigns processors by memory: six at 10240, one at 1769. */
  readonly renderMemoryMb?: number;
  readonly rendersAtOnce?: number;
}

export interface VideoEngineProps extends EngineSettings {
  readonly trustedHosts?: readonly string[];
  readonly requestsPerSecond?: number;
  readonly logRetentionDays?: number;
  readonly tracing?: boolean;
  /** Receives the alarms. Default: a new topic. */
  readonly alarmTopic?: ITopic;
  readonly alarmEmail?: string;
  /** Its name in alarms and secrets. Default: its stack and its path in the stack. */
  readonly name?: string;
  readonly assetsFolder?: string;
}

/** Our own engine: serves the Mosaic API and renders with FFmpeg. */
export class VideoEngine extends Construct {
  readonly apiUrl: string;
  readonly apiKey: ISecret;
  readonly webhookSecret: ISecret;
  readonly alarmTopic: ITopic;

  constructor(scope: Construct, id: string, props: VideoEngineProps = {}) {
    super(scope, id);
    if (props.assetsFolder === undefined) ensureFfmpeg();
    const settings = resolveProps(this, 'VideoEngine', props);
    const name = props.name ?? qualifiedName(this);
    const parts = this.createParts(name, settings, props.assetsFolder ?? assetsFolder);
    this.apiKey = parts.apiKey;
    this.webhookSecret = parts.webhookSecret;

    const api = addEngineApi(parts);
    const door = new HttpDoor(this, 'Door', {
      requestsPerSecond: settings.requestsPerSecond,
      logRetentionDays: settings.logRetentionDays,
      authorisation:
        'engine-api itself requires a bearer key on every route and compares its hash, as the Mosaic API does.',
    });
    door.leadsTo(api);
    this.apiUrl = door.url;
    const worker = addEngineWork(parts);

    this.alarmTopic = alarmTopicFor(this, props);
    const functionsFail = [api, worker].map((each) => each.alarmWhenOftenFailing(name));
    sendAlarms(this.alarmTopic, { withAllClear: [...parts.work.alarms, ...functionsFail] });
    new CfnOutput(this, 'EngineUrl', {
      value: this.apiUrl,
      description: 'The address of the Mosaic API that our engine serves',
    });
    new CfnOutput(this, 'EngineKeySecret', {
      value: this.apiKey.secretArn,
      description: 'Secret that holds the API key',
    });
  }

  private createParts(name: string, settings: ResolvedProps, assetsFolder: string): EngineParts {
    const { logRetentionDays, tracing } = settings;
    const newFunction = functionFactory(this, { assetsFolder, logRetentionDays, tracing });
    const { secret: apiKey } = new StageSecret(this, 'ApiKey', {
      stage: name,
      role: 'mosaic-api-key',
      description: `Tessera ${name}: the engine's first API key`,
      apiKey: true,
    });
    const { secret: webhookSecret } = new StageSecret(this, 'WebhookSecret', {
      stage: name,
      role: 'webhook-secret',
      description: `Tessera ${name}: what the engine shows with each webhook`,
    });
    const records = new RecordsTable(this, 'Records');
    const media = new VideoBucket(this, 'Media');
    const work = new QueueWithDeadLetters(this, 'Work', {
      visibility: workTimeout,
      // Renders queue up: five at once, at most a quarter of an hour each.
      oldest: Duration.hours(2),
      meaning: `Tessera ${name}: a render failed five times and its agent run cannot finish.`,
    });
    return { newFunction, settings, records, media, work, apiKey, webhookSecret };
  }
}
