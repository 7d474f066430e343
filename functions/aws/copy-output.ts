import { createLog } from '../../shared/log.ts';
import { mosaicClient } from '../../shared/mosaic/client.ts';
import { dynamoTable, s3Bucket, secretsManager, sqsQueue } from '../../shared/platform/aws/index.ts';
import { list, optional, readSettings, text, url } from '../../shared/settings.ts';
import { copyOutputHandler } from '../copy-output.ts';

const settings = readSettings({
  runsTable: ['RUNS_TABLE', text],
  deliveriesBucket: ['DELIVERIES_BUCKET', text],
  deliveriesPrefix: ['DELIVERIES_PREFIX', optional(text, '')],
  copyQueue: ['COPY_QUEUE', text],
  apiUrl: ['MOSAIC_API_URL', url],
  apiKeySecret: ['MOSAIC_API_KEY_SECRET', text],
  trustedHosts: ['TRUSTED_HOSTS', optional(list, [])],
});

const secrets = secretsManager();

export const handler = copyOutputHandler({
  runs: dynamoTable(settings.runsTable),
  deliveries: s3Bucket(settings.deliveriesBucket),
  deliveriesPrefix: settings.deliveriesPrefix,
  copyQueue: sqsQueue(settings.copyQueue),
  mosaic: mosaicClient({ baseUrl: settings.apiUrl, apiKey: () => secrets(settings.apiKeySecret) }),
  trustedHosts: settings.trustedHosts,
  clock: Date.now,
  log: createLog(),
});
