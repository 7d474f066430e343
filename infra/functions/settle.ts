import type { LambdaFunction } from '../constructs/lambda-function.ts';
import { timeouts } from '../pipeline-queues.ts';
import { callsMosaic, knowsInitialRules, notifiesAndMeasures, type PipelineParts } from './pipeline-parts.ts';

export function addSettle(parts: PipelineParts): LambdaFunction {
  const { settings, runs, starts, settles, copies } = parts;
  const settle = parts.newFunction('Settle', {
    door: 'settle',
    description: 'Asks the Mosaic API for the state of a run and moves it on',
    timeout: timeouts.settle,
  });
  settle.consumes(settles, { batchSize: 1, atOnce: settings.workersAtOnce });
  settle.usesTable('RUNS_TABLE', runs);
  settle.sendsTo('START_QUEUE', starts);
  settle.sendsTo('SETTLE_QUEUE', settles);
  settle.sendsTo('COPY_QUEUE', copies);
  notifiesAndMeasures(settle, parts);
  callsMosaic(settle, parts);
  knowsInitialRules(settle, parts);
  settle.setting('UNCERTAIN_WAIT_SECONDS', settings.uncertainWaitSeconds);
  settle.setting('RUN_DEADLINE_SECONDS', settings.runDeadlineSeconds);
  return settle;
}
