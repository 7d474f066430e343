import type { IEventBus } from 'aws-cdk-lib/aws-events';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import type { HttpDoor } from '../constructs/http-door.ts';
import type { LambdaFunction, NewFunction } from '../constructs/lambda-function.ts';
import type { RecordsTable } from '../constructs/records-table.ts';
import type { ObjectStore } from '../constructs/video-bucket.ts';
import { metricNamespace } from '../pipeline-metrics.ts';
import type { MosaicAccess } from '../pipeline-props.ts';
import type { PipelineQueues } from '../pipeline-queues.ts';
import type { PipelineSettings } from '../read-pipeline-props.ts';

/** Everything that the pipeline's functions are connected to. Each file beside this one wires one function. */
export interface PipelineParts extends PipelineQueues {
  readonly scope: Construct;
  readonly name: string;
  readonly settings: PipelineSettings;
  readonly mosaic: Required<MosaicAccess>;
  readonly newFunction: NewFunction;
  readonly uploads: ObjectStore;
  readonly runs: RecordsTable;
  readonly deliveries: ObjectStore;
  readonly payloads: ObjectStore;
  readonly door: HttpDoor;
  readonly eventBus: IEventBus;
  readonly signingSecret: ISecret;
}

/** For functions that move runs: lets them wake notify after a move, and measure it. */
export function notifiesAndMeasures(mover: LambdaFunction, { name, notices }: PipelineParts): void {
  mover.sendsTo('NOTIFY_QUEUE', notices);
  mover.setting('METRICS_NAMESPACE', metricNamespace(name));
}

export function callsMosaic(caller: LambdaFunction, { mosaic }: PipelineParts): void {
  caller.setting('MOSAIC_API_URL', mosaic.apiUrl);
  caller.readsSecret('MOSAIC_API_KEY_SECRET', mosaic.apiKey);
}

/** The rules that apply until others are applied by command; those are kept in the runs table. */
export function knowsInitialRules(reader: LambdaFunction, { settings }: PipelineParts): void {
  reader.setting('RULES', JSON.stringify(settings.rules));
}
