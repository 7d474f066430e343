import type { IEventBus } from 'aws-cdk-lib/aws-events';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { Commands } from './commands.ts';
import type { RulesDocument } from './stage-rules.ts';
import type { EngineSettings, VideoEngine } from './video-engine.ts';

/** The address of the Mosaic API and its secrets. */
export interface MosaicAccess {
  /** Default: hosted Mosaic's. */
  readonly apiUrl?: string;
  readonly apiKey: ISecret;
  readonly webhookSecret: ISecret;
}

/** All are optional. `docs/deploy.md` explains each setting under the same name. */
export interface VideoPipelineProps {
  /** The bucket of uploads, never changed: a bucket of the app, or the name of another. Default: a new bucket. */
  readonly uploads?: IBucket | string;
  /** The customer-managed key that encrypts it, if the bucket construct does not know it. */
  readonly uploadsKeyArn?: string;
  /** The bucket of deliveries. Default: a new bucket. */
  readonly deliveries?: IBucket | string;
  readonly deliveriesKeyArn?: string;
  /** The region and owner of that bucket. Default: those of the stack. */
  readonly deliveriesRegion?: string;
  readonly deliveriesAccount?: string;
  /** The folder for results, such as `edited/`. */
  readonly deliveriesPrefix?: string;
  /** Receives the events of runs, with the source `tessera`. Default: a new bus. */
  readonly eventBus?: IEventBus;
  /** A Mosaic account, or an engine that other pipelines use too. Default: a new engine. */
  readonly mosaic?: MosaicAccess | VideoEngine;
  /** Settings of the new engine. */
  readonly engine?: EngineSettings;
  /** The first rules, until others are applied by command. Default: a folder for each of our engine's agents. */
  readonly rules?: RulesDocument;
  /** Agent runs in flight at once. Pipelines with the same API key share its slots, so divide them. */
  readonly slots?: number;
  readonly uploadLinkSeconds?: number;
  readonly uncertainWaitSeconds?: number;
  readonly runDeadlineSeconds?: number;
  readonly reconcileMinutes?: number;
  /** How long a copy works before it hands over to the next message. */
  readonly sliceSeconds?: number;
  /** Concurrency for each of its four queues; also the number of outputs copied at once. */
  readonly workersAtOnce?: number;
  /** How long the records of a run are kept after its end. Default: forever. */
  readonly retentionDays?: number;
  readonly trustedHosts?: readonly string[];
  readonly requestsPerSecond?: number;
  readonly logRetentionDays?: number;
  /** Writes traces of all functions to X-Ray. Default: false. */
  readonly tracing?: boolean;
  /** Default: true. */
  readonly dashboard?: boolean;
  /** Receives the alarms. Default: a new topic. */
  readonly alarmTopic?: ITopic;
  /** Subscribed to the topic; AWS asks this address once to confirm. */
  readonly alarmEmail?: string;
  /** Its name in alarms, metrics and commands. Default: its stack and its path in the stack, such as `Shop/Videos`. */
  readonly name?: string;
  /** The commands in its alarms. Default: `npx tessera … --stage <name>`. */
  readonly commands?: Commands;
  /** Has one folder per function. Default: the functions in this package. */
  readonly assetsFolder?: string;
}
