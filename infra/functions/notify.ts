import type { LambdaFunction } from '../constructs/lambda-function.ts';
import { timeouts } from '../pipeline-queues.ts';
import { notifiesAndMeasures, type PipelineParts } from './pipeline-parts.ts';

export function addNotify(parts: PipelineParts): LambdaFunction {
  const { settings, runs, notices, deliveries, eventBus, signingSecret } = parts;
  const notify = parts.newFunction('Notify', {
    door: 'notify',
    description: 'Publishes run events on the event bus and to webhooks',
    timeout: timeouts.notify,
  });
  notify.consumes(notices, { batchSize: 10, atOnce: settings.workersAtOnce });
  // It reads runs, sets the end of records that have a retention, and deletes notices that were delivered.
  notify.usesTable('RUNS_TABLE', runs, ['GetItem', 'UpdateItem', 'DeleteItem', 'Query']);
  notifiesAndMeasures(notify, parts);
  notify.putsEventsOn('EVENT_BUS', eventBus);
  notify.setting('DELIVERIES_BUCKET', deliveries.bucket.bucketName);
  notify.readsSecret('SIGNING_SECRET_SECRET', signingSecret);
  notify.setting('TRUSTED_HOSTS', settings.trustedHosts.join(','));
  if (settings.retentionDays !== undefined) notify.setting('RETENTION_DAYS', settings.retentionDays);
  return notify;
}
