import { seedReadyAgents } from '../../shared/engine/agents/ready-agents.ts';
import { createLog } from '../../shared/log.ts';
import { dynamoTable, s3Bucket, secretsManager, sqsQueue } from '../../shared/platform/aws/index.ts';
import { powertoolsSink, traced } from '../../shared/platform/aws/telemetry.ts';
import { integer, list, optional, readSettings, text } from '../../shared/settings.ts';
import { engineApiHandler } from '../engine-api.ts';

const settings = readSettings({
  engineTable: ['ENGINE_TABLE', text],
  mediaBucket: ['MEDIA_BUCKET', text],
  workQueue: ['WORK_QUEUE', text],
  engineKeySecret: ['ENGINE_KEY_SECRET', text],
  trustedHosts: ['TRUSTED_HOSTS', optional(list, [])],
  renderLimitSeconds: ['RENDER_LIMIT_SECONDS', integer],
});

const secrets = secretsManager();
const table = dynamoTable(settings.engineTable);
await seedReadyAgents(table);

const api = engineApiHandler({
  table,
  bucket: s3Bucket(settings.mediaBucket),
  queue: sqsQueue(settings.workQueue),
  clock: Date.now,
  log: createLog(powertoolsSink()),
  trustedHosts: settings.trustedHosts,
  // A worker of this size edits at least as fast as the video plays, so what may be as long as the limit fits in it.
  limits: { inputSeconds: settings.renderLimitSeconds, inputBytes: 5 * 1024 ** 3 },
  firstKey: () => secrets(settings.engineKeySecret),
});

// It answers with a promise and never calls back.
export const handler = traced(async (event, context) => api(event, context, () => {}), 'engine-api');
