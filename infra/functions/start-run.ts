import { Rule } from 'aws-cdk-lib/aws-events';
import { SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import type { LambdaFunction } from '../constructs/lambda-function.ts';
import { timeouts } from '../pipeline-queues.ts';
import { callsMosaic, knowsInitialRules, notifiesAndMeasures, type PipelineParts } from './pipeline-parts.ts';

export function addStartRun(parts: PipelineParts): LambdaFunction {
  const { settings, uploads, runs, starts, settles } = parts;
  queueUploads(parts);
  const startRun = parts.newFunction('StartRun', {
    door: 'start-run',
    description: 'Claims an upload and starts an agent run for it',
    timeout: timeouts.startRun,
  });
  startRun.consumes(starts, { batchSize: 10, atOnce: settings.workersAtOnce });
  startRun.usesTable('RUNS_TABLE', runs);
  startRun.readsBucket('UPLOADS_BUCKET', uploads);
  startRun.restoresIn(uploads);
  startRun.signsLinksTo('LINK_ROLE', uploads);
  startRun.sendsTo('START_QUEUE', starts);
  startRun.sendsTo('SETTLE_QUEUE', settles);
  notifiesAndMeasures(startRun, parts);
  callsMosaic(startRun, parts);
  startRun.setting('CALLBACK_URL', parts.door.url);
  knowsInitialRules(startRun, parts);
  startRun.setting('SLOTS', settings.slots);
  startRun.setting('UPLOAD_LINK_SECONDS', settings.uploadLinkSeconds);
  startRun.setting('UNCERTAIN_WAIT_SECONDS', settings.uncertainWaitSeconds);
  return startRun;
}

/** S3's events become messages. An event that EventBridge cannot deliver becomes a dead letter. */
function queueUploads({ uploads, starts }: PipelineParts): void {
  new Rule(uploads, 'Uploaded', {
    description: 'An object was uploaded, or restored from an archive class',
    eventPattern: {
      source: ['aws.s3'],
      // Every way to create an object: a put, a form post, a copy, a multipart upload.
      detailType: ['Object Created', 'Object Restore Completed'],
      detail: { bucket: { name: [uploads.bucket.bucketName] } },
    },
    targets: [new SqsQueue(starts.queue, { deadLetterQueue: starts.deadLetters })],
  });
}
