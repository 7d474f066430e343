import { createLog } from '../../shared/log.ts';
import { mosaicClient } from '../../shared/mosaic/client.ts';
import { dynamoTable, s3Bucket, secretsManager, sqsQueue } from '../../shared/platform/aws/index.ts';
import { powertoolsMetrics, powertoolsSink, traced } from '../../shared/platform/aws/telemetry.ts';
import { integer, list, optional, readSettings, text, url } from '../../shared/settings.ts';
import { copyOutputHandler } from '../copy-output.ts';

const settings = readSettings({
  runsTable: ['RUNS_TABLE', text],
  metricsNamespace: ['METRICS_NAMESPACE', text],
  deliveriesBucket: ['DELIVERIES_BUCKET', text],
  deliveriesRegion: ['DELIVERIES_REGION', optional(text, undefined)],
  deliveriesOwner: ['DELIVERIES_OWNER', optional(text, undefined)],
  deliveriesKeyArn: ['DELIVERIES_KEY_ARN', optional(text, undefined)],
  deliveriesPrefix: ['DELIVERIES_PREFIX', optional(text, '')],
  copyQueue: ['COPY_QUEUE', text],
  notifyQueue: ['NOTIFY_QUEUE', text],
  apiUrl: ['MOSAIC_API_URL', url],
  apiKeySecret: ['MOSAIC_API_KEY_SECRET', text],
  trustedHosts: ['TRUSTED_HOSTS', optional(list, [])],
  sliceSeconds: ['SLICE_SECONDS', integer],
});

const secrets = secretsManager();

const { metrics } = powertoolsMetrics(settings.metricsNamespace);

export const handler = traced(
  copyOutputHandler({
    runs: dynamoTable(settings.runsTable),
    deliveries: s3Bucket(settings.deliveriesBucket, {
      region: settings.deliveriesRegion,
      owner: settings.deliveriesOwner,
      keyArn: settings.deliveriesKeyArn,
    }),
    deliveriesPrefix: settings.deliveriesPrefix,
    copyQueue: sqsQueue(settings.copyQueue),
    notifyQueue: sqsQueue(settings.notifyQueue),
    mosaic: mosaicClient({ baseUrl: settings.apiUrl, apiKey: () => secrets(settings.apiKeySecret) }),
    trustedHosts: settings.trustedHosts,
    sliceSeconds: settings.sliceSeconds,
    clock: Date.now,
    log: createLog(powertoolsSink()),
    metrics,
  }),
  'copy-output',
);
