import { createLog } from '../../shared/log.ts';
import { mosaicClient } from '../../shared/mosaic/client.ts';
import { dynamoTable, s3Bucket, secretsManager, sqsQueue } from '../../shared/platform/aws/index.ts';
import { powertoolsMetrics, powertoolsSink, traced } from '../../shared/platform/aws/telemetry.ts';
import { parseRules } from '../../shared/runs/rules/parse-rules.ts';
import { storedRules } from '../../shared/runs/rules/stored-rules.ts';
import { integer, json, readSettings, text, url } from '../../shared/settings.ts';
import { startRunHandler } from '../start-run.ts';

const settings = readSettings({
  runsTable: ['RUNS_TABLE', text],
  metricsNamespace: ['METRICS_NAMESPACE', text],
  uploadsBucket: ['UPLOADS_BUCKET', text],
  linkRole: ['LINK_ROLE', text],
  startQueue: ['START_QUEUE', text],
  settleQueue: ['SETTLE_QUEUE', text],
  notifyQueue: ['NOTIFY_QUEUE', text],
  apiUrl: ['MOSAIC_API_URL', url],
  apiKeySecret: ['MOSAIC_API_KEY_SECRET', text],
  callbackUrl: ['CALLBACK_URL', url],
  rules: ['RULES', json],
  slots: ['SLOTS', integer],
  uploadLinkSeconds: ['UPLOAD_LINK_SECONDS', integer],
  uncertainWaitSeconds: ['UNCERTAIN_WAIT_SECONDS', integer],
});

const secrets = secretsManager();
const runs = dynamoTable(settings.runsTable);

const { metrics } = powertoolsMetrics(settings.metricsNamespace);

export const handler = traced(
  startRunHandler({
    runs,
    uploads: s3Bucket(settings.uploadsBucket, { linkRoleArn: settings.linkRole }),
    startQueue: sqsQueue(settings.startQueue),
    settleQueue: sqsQueue(settings.settleQueue),
    notifyQueue: sqsQueue(settings.notifyQueue),
    mosaic: mosaicClient({ baseUrl: settings.apiUrl, apiKey: () => secrets(settings.apiKeySecret) }),
    rules: storedRules({ runs, clock: Date.now }, parseRules(settings.rules)),
    clock: Date.now,
    log: createLog(powertoolsSink()),
    callbackUrl: settings.callbackUrl,
    slots: settings.slots,
    uploadLinkSeconds: settings.uploadLinkSeconds,
    uncertainWaitSeconds: settings.uncertainWaitSeconds,
    metrics,
  }),
  'start-run',
);
