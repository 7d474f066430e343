import { Duration } from 'aws-cdk-lib';
import type { LambdaFunction } from '../constructs/lambda-function.ts';
import type { EngineParts } from './engine-parts.ts';

/** The maximum of Lambda. A render must fit into one call for now. */
export const workTimeout = Duration.minutes(15);

export function addEngineWork({
  newFunction,
  settings,
  records,
  media,
  work,
  webhookSecret,
}: EngineParts): LambdaFunction {
  const worker = newFunction('EngineWork', {
    door: 'engine-work',
    description: 'Renders one output at a time with FFmpeg and sends webhooks',
    timeout: workTimeout,
    // npm's FFmpeg builds for Lambda's Linux are for x86_64. Lambda assigns processors by memory: six at 10,240 MB. Many
    // processors for a short time cost about the same as few for a long time, and a render must end in time.
    x86: true,
    memoryMb: settings.renderMemoryMb,
    // The maximum of Lambda: an input of up to 5 GB and its output are on disk together.
    storageMb: 10_240,
  });
  worker.consumes(work, { batchSize: 1, atOnce: settings.rendersAtOnce });
  worker.usesTable('ENGINE_TABLE', records);
  worker.writesBucket('MEDIA_BUCKET', media);
  worker.sendsTo('WORK_QUEUE', work);
  worker.readsSecret('WEBHOOK_SECRET_SECRET', webhookSecret);
  worker.setting('TRUSTED_HOSTS', settings.trustedHosts.join(','));
  worker.setting('FFMPEG_PATH', '/var/task/bin/ffmpeg');
  worker.setting('FFPROBE_PATH', '/var/task/bin/ffprobe');
  worker.setting('RENDER_LIMIT_SECONDS', settings.renderLimitSeconds);
  return worker;
}
