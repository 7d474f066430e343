import { createLog } from '../../shared/log.ts';
import { mosaicClient } from '../../shared/mosaic/client.ts';
import { dynamoTable, secretsManager, sqsQueue } from '../../shared/platform/aws/index.ts';
import { integer, readSettings, text, url } from '../../shared/settings.ts';
import { settleHandler } from '../settle.ts';

const settings = readSettings({
  runsTable: ['RUNS_TABLE', text],
  startQueue: ['START_QUEUE', text],
  copyQueue: ['COPY_QUEUE', text],
  apiUrl: ['MOSAIC_API_URL', url],
  apiKeySecret: ['MOSAIC_API_KEY_SECRET', text],
  uncertainWaitSeconds: ['UNCERTAIN_WAIT_SECONDS', integer],
  runDeadlineSeconds: ['RUN_DEADLINE_SECONDS', integer],
});

const secrets = secretsManager();

export const handler = settleHandler({
  runs: dynamoTable(settings.runsTable),
  startQueue: sqsQueue(settings.startQueue),
  copyQueue: sqsQueue(settings.copyQueue),
  mosaic: mosaicClient({ baseUrl: settings.apiUrl, apiKey: () => secrets(settings.apiKeySecret) }),
  clock: Date.now,
  log: createLog(),
  uncertainWaitSeconds: settings.uncertainWaitSeconds,
  runDeadlineSeconds: settings.runDeadlineSeconds,
});
