import { createLog } from '../../shared/log.ts';
import { dynamoTable, eventBridgeBus, secretsManager, sqsQueue } from '../../shared/platform/aws/index.ts';
import { powertoolsMetrics, powertoolsSink, traced } from '../../shared/platform/aws/telemetry.ts';
import { parseSigningSecrets } from '../../shared/runs/notify/sign.ts';
import { integer, list, optional, readSettings, text } from '../../shared/settings.ts';
import { notifyHandler } from '../notify.ts';

const settings = readSettings({
  runsTable: ['RUNS_TABLE', text],
  metricsNamespace: ['METRICS_NAMESPACE', text],
  notifyQueue: ['NOTIFY_QUEUE', text],
  eventBus: ['EVENT_BUS', text],
  deliveriesBucket: ['DELIVERIES_BUCKET', text],
  signingSecretSecret: ['SIGNING_SECRET_SECRET', text],
  trustedHosts: ['TRUSTED_HOSTS', optional(list, [])],
  retentionDays: ['RETENTION_DAYS', optional(integer, undefined)],
});

const secrets = secretsManager();
const { metrics } = powertoolsMetrics(settings.metricsNamespace);

/** Less than the minute that the function has. */
const mostMs = 45_000;

export const handler = traced(
  notifyHandler(
    {
      runs: dynamoTable(settings.runsTable),
      notifyQueue: sqsQueue(settings.notifyQueue),
      bus: eventBridgeBus(settings.eventBus),
      deliveries: { name: settings.deliveriesBucket },
      signingSecrets: async () => parseSigningSecrets(await secrets(settings.signingSecretSecret)),
      trustedHosts: settings.trustedHosts,
      retentionDays: settings.retentionDays,
      clock: Date.now,
      log: createLog(powertoolsSink()),
      metrics,
    },
    mostMs,
  ),
  'notify',
);
