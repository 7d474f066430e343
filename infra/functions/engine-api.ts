import { Duration } from 'aws-cdk-lib';
import type { LambdaFunction } from '../constructs/lambda-function.ts';
import type { EngineParts } from './engine-parts.ts';

export function addEngineApi({ newFunction, settings, records, media, work, apiKey }: EngineParts): LambdaFunction {
  const api = newFunction('EngineApi', {
    door: 'engine-api',
    description: 'Serves the Mosaic API: agents, runs, outputs',
    timeout: Duration.seconds(29),
    memoryMb: 1_024,
  });
  api.usesTable('ENGINE_TABLE', records);
  api.readsBucket('MEDIA_BUCKET', media);
  api.sendsTo('WORK_QUEUE', work);
  api.readsSecret('ENGINE_KEY_SECRET', apiKey);
  api.setting('TRUSTED_HOSTS', settings.trustedHosts.join(','));
  api.setting('RENDER_LIMIT_SECONDS', settings.renderLimitSeconds);
  return api;
}
