import { createLog } from '../../shared/log.ts';
import { dynamoTable, s3Bucket, secretsManager, sqsQueue } from '../../shared/platform/aws/index.ts';
import { powertoolsSink, traced } from '../../shared/platform/aws/telemetry.ts';
import { readSettings, text } from '../../shared/settings.ts';
import { webhookHandler } from '../webhook.ts';

const settings = readSettings({
  runsTable: ['RUNS_TABLE', text],
  settleQueue: ['SETTLE_QUEUE', text],
  payloadsBucket: ['PAYLOADS_BUCKET', text],
  webhookSecret: ['WEBHOOK_SECRET_SECRET', text],
});

const secrets = secretsManager();

export const handler = traced(
  webhookHandler({
    runs: dynamoTable(settings.runsTable),
    settleQueue: sqsQueue(settings.settleQueue),
    payloads: s3Bucket(settings.payloadsBucket),
    webhookSecret: () => secrets(settings.webhookSecret),
    clock: Date.now,
    log: createLog(powertoolsSink()),
  }),
  'webhook',
);
