import { Duration } from 'aws-cdk-lib';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction as InvokeFunction } from 'aws-cdk-lib/aws-events-targets';
import type { LambdaFunction } from '../constructs/lambda-function.ts';
import { notifiesAndMeasures, type PipelineParts } from './pipeline-parts.ts';

export function addReconcile(parts: PipelineParts): LambdaFunction {
  const { scope, settings, runs, starts, settles, deliveries } = parts;
  const reconcile = parts.newFunction('Reconcile', {
    door: 'reconcile',
    description: 'Wakes settle for runs that went quiet',
    timeout: Duration.minutes(1),
  });
  new Rule(scope, 'EveryFewMinutes', {
    schedule: Schedule.rate(Duration.minutes(settings.reconcileMinutes)),
    targets: [new InvokeFunction(reconcile.lambda)],
  });
  // It wakes other functions, stores its progress, and aborts abandoned multipart uploads.
  reconcile.usesTable('RUNS_TABLE', runs, ['GetItem', 'PutItem', 'UpdateItem', 'DeleteItem', 'Query']);
  reconcile.sendsTo('SETTLE_QUEUE', settles);
  reconcile.sendsTo('START_QUEUE', starts);
  notifiesAndMeasures(reconcile, parts);
  reconcile.clearsUploadsIn('DELIVERIES_BUCKET', deliveries);
  reconcile.setting('RECONCILE_MINUTES', settings.reconcileMinutes);
  return reconcile;
}
