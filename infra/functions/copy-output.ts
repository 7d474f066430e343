import type { LambdaFunction } from '../constructs/lambda-function.ts';
import { timeouts } from '../pipeline-queues.ts';
import { callsMosaic, notifiesAndMeasures, type PipelineParts } from './pipeline-parts.ts';

export function addCopyOutput(parts: PipelineParts): LambdaFunction {
  const { settings, runs, copies, deliveries } = parts;
  const copyOutput = parts.newFunction('CopyOutput', {
    door: 'copy-output',
    description: 'Streams one output into the deliveries bucket',
    timeout: timeouts.copyOutput,
    memoryMb: 1_769,
  });
  copyOutput.consumes(copies, { batchSize: 1, atOnce: settings.workersAtOnce });
  copyOutput.usesTable('RUNS_TABLE', runs);
  copyOutput.writesBucket('DELIVERIES_BUCKET', deliveries, { tags: true });
  copyOutput.setting('DELIVERIES_PREFIX', settings.deliveriesPrefix);
  // A copy that is not finished at the end of its slice continues with a new message.
  copyOutput.sendsTo('COPY_QUEUE', copies);
  notifiesAndMeasures(copyOutput, parts);
  copyOutput.setting('SLICE_SECONDS', settings.sliceSeconds);
  callsMosaic(copyOutput, parts);
  copyOutput.setting('TRUSTED_HOSTS', settings.trustedHosts.join(','));
  return copyOutput;
}
