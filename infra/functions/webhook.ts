import { Duration } from 'aws-cdk-lib';
import { HttpMethod } from 'aws-cdk-lib/aws-apigatewayv2';
import type { LambdaFunction } from '../constructs/lambda-function.ts';
import type { PipelineParts } from './pipeline-parts.ts';

export function addWebhook({ newFunction, door, runs, settles, payloads, mosaic }: PipelineParts): LambdaFunction {
  const webhook = newFunction('Webhook', {
    door: 'webhook',
    description: 'Stores what the Mosaic API reports and wakes settle',
    timeout: Duration.seconds(20),
  });
  door.leadsTo(webhook, { method: HttpMethod.POST, path: '/webhook/{runId}' });
  // Internet-facing: may only store reports, not change runs.
  webhook.usesTable('RUNS_TABLE', runs, ['GetItem', 'PutItem']);
  webhook.sendsTo('SETTLE_QUEUE', settles);
  webhook.addsTo('PAYLOADS_BUCKET', payloads);
  webhook.readsSecret('WEBHOOK_SECRET_SECRET', mosaic.webhookSecret);
  return webhook;
}
