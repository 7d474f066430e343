import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openMedia } from '../../shared/engine/media/index.ts';
import { editVideo } from '../../shared/engine/work/edit.ts';
import { cleanWork } from '../../shared/engine/work/work.ts';
import { createLog } from '../../shared/log.ts';
import { dynamoTable, s3Bucket, secretsManager, sqsQueue } from '../../shared/platform/aws/index.ts';
import { powertoolsSink, traced } from '../../shared/platform/aws/telemetry.ts';
import { integer, list, optional, readSettings, text } from '../../shared/settings.ts';
import { engineWorkHandler } from '../engine-work.ts';

const settings = readSettings({
  engineTable: ['ENGINE_TABLE', text],
  mediaBucket: ['MEDIA_BUCKET', text],
  workQueue: ['WORK_QUEUE', text],
  webhookSecretSecret: ['WEBHOOK_SECRET_SECRET', text],
  trustedHosts: ['TRUSTED_HOSTS', optional(list, [])],
  ffmpegPath: ['FFMPEG_PATH', text],
  ffprobePath: ['FFPROBE_PATH', text],
  renderLimitSeconds: ['RENDER_LIMIT_SECONDS', integer],
});

const secrets = secretsManager();
const media = openMedia(settings);
const workFolder = join(tmpdir(), 'tessera-work');

// A call that was cut off at Lambda's limit leaves its folder to the next one in the same sandbox.
await cleanWork({ workFolder });

export const handler = traced(
  engineWorkHandler({
    table: dynamoTable(settings.engineTable),
    bucket: s3Bucket(settings.mediaBucket),
    queue: sqsQueue(settings.workQueue),
    clock: Date.now,
    log: createLog(powertoolsSink()),
    trustedHosts: settings.trustedHosts,
    limits: {
      wallSeconds: settings.renderLimitSeconds,
      inputSeconds: settings.renderLimitSeconds,
      inputBytes: 5 * 1024 ** 3,
      // Input and output lie side by side in a Lambda's 10 GB.
      outputBytes: 4 * 1024 ** 3,
    },
    workFolder,
    edit: (job) => editVideo(media, job),
    webhookSecret: () => secrets(settings.webhookSecretSecret),
  }),
  'engine-work',
);
