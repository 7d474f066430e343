import { createLog } from '../../shared/log.ts';
import { mosaicClient } from '../../shared/mosaic/client.ts';
import { dynamoTable, secretsManager, sqsQueue } from '../../shared/platform/aws/index.ts';
import { powertoolsMetrics, powertoolsSink, traced } from '../../shared/platform/aws/telemetry.ts';
import { parseRules } from '../../shared/runs/rules/parse-rules.ts';
import { storedRules } from '../../shared/runs/rules/stored-rules.ts';
import { integer, json, readSettings, text, url } from '../../shared/settings.ts';
import { settleHandler } from '../settle.ts';

const settings = readSettings({
  runsTable: ['RUNS_TABLE', text],
  metricsNamespace: ['METRICS_NAMESPACE', text],
  startQueue: ['START_QUEUE', text],
  settleQueue: ['SETTLE_QUEUE', text],
  copyQueue: ['COPY_QUEUE', text],
  notifyQueue: ['NOTIFY_QUEUE', text],
  apiUrl: ['MOSAIC_API_URL', url],
  apiKeySecret: ['MOSAIC_API_KEY_SECRET', text],
  rules: ['RULES', json],
  uncertainWaitSeconds: ['UNCERTAIN_WAIT_SECONDS', integer],
  runDeadlineSeconds: ['RUN_DEADLINE_SECONDS', integer],
});

const secrets = secretsManager();
const runs = dynamoTable(settings.runsTable);

const { metrics } = powertoolsMetrics(settings.metricsNamespace);

export const handler = traced(
  settleHandler({
    runs,
    startQueue: sqsQueue(settings.startQueue),
    settleQueue: sqsQueue(settings.settleQueue),
    copyQueue: sqsQueue(settings.copyQueue),
    notifyQueue: sqsQueue(settings.notifyQueue),
    mosaic: mosaicClient({ baseUrl: settings.apiUrl, apiKey: () => secrets(settings.apiKeySecret) }),
    rules: storedRules({ runs, clock: Date.now }, parseRules(settings.rules)),
    clock: Date.now,
    log: createLog(powertoolsSink()),
    uncertainWaitSeconds: settings.uncertainWaitSeconds,
    runDeadlineSeconds: settings.runDeadlineSeconds,
    metrics,
  }),
  'settle',
);
