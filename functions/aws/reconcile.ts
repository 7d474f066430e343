import { createLog } from '../../shared/log.ts';
import { dynamoTable, s3Bucket, sqsQueue } from '../../shared/platform/aws/index.ts';
import { powertoolsMetrics, powertoolsSink, traced } from '../../shared/platform/aws/telemetry.ts';
import { integer, optional, readSettings, text } from '../../shared/settings.ts';
import { reconcileHandler } from '../reconcile.ts';

const settings = readSettings({
  runsTable: ['RUNS_TABLE', text],
  metricsNamespace: ['METRICS_NAMESPACE', text],
  settleQueue: ['SETTLE_QUEUE', text],
  startQueue: ['START_QUEUE', text],
  notifyQueue: ['NOTIFY_QUEUE', text],
  deliveriesBucket: ['DELIVERIES_BUCKET', text],
  deliveriesRegion: ['DELIVERIES_REGION', optional(text, undefined)],
  deliveriesOwner: ['DELIVERIES_OWNER', optional(text, undefined)],
  reconcileMinutes: ['RECONCILE_MINUTES', integer],
  deliveriesKeyArn: ['DELIVERIES_KEY_ARN', optional(text, undefined)],
});

const { metrics } = powertoolsMetrics(settings.metricsNamespace);

const reconcile = reconcileHandler({
  runs: dynamoTable(settings.runsTable),
  settleQueue: sqsQueue(settings.settleQueue),
  startQueue: sqsQueue(settings.startQueue),
  notifyQueue: sqsQueue(settings.notifyQueue),
  deliveries: s3Bucket(settings.deliveriesBucket, {
    region: settings.deliveriesRegion,
    owner: settings.deliveriesOwner,
    keyArn: settings.deliveriesKeyArn,
  }),
  periodSeconds: settings.reconcileMinutes * 60,
  clock: Date.now,
  log: createLog(powertoolsSink()),
  metrics,
});

export const handler = traced(reconcile, 'reconcile');
