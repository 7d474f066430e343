import type { IEventBus } from 'aws-cdk-lib/aws-events';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { Commands } from './commands.ts';
import type { RulesDocument } from './stage-rules.ts';
import type { EngineSettings, VideoEngine } from './video-engine.ts';

/** Where the Mosaic API is and what opens it. */
export interface MosaicAccess {
  /** Default: hosted Mosaic's. */
  readonly apiUrl?: string;
  readonly apiKey: ISecret;
  readonly webhookSecret: ISecret;
}

/** All can be left out; `docs/deploy.md` explains each setting under the same name. */
export interface VideoPipelineProps {
  /** Takes uploads from this bucket, which is left as it is; a name stands for a bucket outside the app. Default: one of its own. */
  readonly uploads?: IBucket | string;
  /** Of the key that encrypts it, where that is one of yours and the bucket does not say so itself. */
  readonly uploadsKeyArn?: string;
  /** Delivers into this bucket. Default: one of its own. */
  readonly deliveries?: IBucket | string;
  readonly deliveriesKeyArn?: string;
  /** Where that bucket is, and which account it must belong to. Default: where and whose the stack is. */
  readonly deliveriesRegion?: string;
  readonly deliveriesAccount?: string;
  /** The folder that results go below, such as `edited/`. */
  readonly deliveriesPrefix?: string;
  /** Where runs' events are put, under the source `tessera`. Default: a bus of its own. */
  readonly eventBus?: IEventBus;
  /** Who edits: a Mosaic account, or an engine that other pipelines use too. Default: an engine of its own. */
  readonly mosaic?: MosaicAccess | VideoEngine;
  /** Of its own engine. */
  readonly engine?: EngineSettings;
  /** Which uploads go to which agent, until others are applied by command. Default: a folder for each agent of our engine. */
  readonly rules?: RulesDocument;
  /** Agent runs in flight at once; pipelines that share an API key share its slots, so give each its part. */
  readonly slots?: number;
  readonly uploadLinkSeconds?: number;
  readonly uncertainWaitSeconds?: number;
  readonly runDeadlineSeconds?: number;
  readonly reconcileMinutes?: number;
  /** How long a copy works before it hands over to the next message. */
  readonly sliceSeconds?: number;
  /** Calls that each of its four queues may keep busy; as many outputs are copied at once. */
  readonly workersAtOnce?: number;
  /** How long the records of a run stay after its end. Default: for good. */
  readonly retentionDays?: number;
  readonly trustedHosts?: readonly string[];
  readonly requestsPerSecond?: number;
  readonly logRetentionDays?: number;
  /** Writes traces of all functions to X-Ray. Default: no. */
  readonly tracing?: boolean;
  /** Default: yes. */
  readonly dashboard?: boolean;
  /** Alarms are sent here. Default: a topic of its own. */
  readonly alarmTopic?: ITopic;
  /** Is subscribed to the topic; AWS asks this address once to confirm. */
  readonly alarmEmail?: string;
  /** What alarms, metrics and commands call it. Default: its stack and its place in there, such as `Shop/Videos`. */
  readonly name?: string;
  /** How its alarms write commands. Default: `npx tessera … --stage <name>`. */
  readonly commands?: Commands;
  /** Holds one folder per function. Default: those that come with this package. */
  readonly assetsFolder?: string;
}
