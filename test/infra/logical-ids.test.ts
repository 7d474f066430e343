import { expect, test } from 'vitest';
import { synthesize, type TemplateJson } from './synthesize.ts';

/**
 * A resource whose id changes is lost: CloudFormation creates a new one and forgets or deletes the old one. These are the
 * ids of the first release; never change these lines.
 */
const pipelineIds = {
  UploadsBucketC4B27CC7: 'AWS::S3::Bucket',
  DeliveriesBucketC1095DAD: 'AWS::S3::Bucket',
  PayloadsBucket1715615A: 'AWS::S3::Bucket',
  RunsTable96AAA230: 'AWS::DynamoDB::GlobalTable',
  StartsQueue114A1B43: 'AWS::SQS::Queue',
  StartsDeadLettersF4682569: 'AWS::SQS::Queue',
  SettlesQueueF3DC211B: 'AWS::SQS::Queue',
  SettlesDeadLettersEAAFF5E2: 'AWS::SQS::Queue',
  CopiesQueueE4B93658: 'AWS::SQS::Queue',
  CopiesDeadLettersDD1A60D7: 'AWS::SQS::Queue',
};
const alarmsId = { Alarms04B5A0BF: 'AWS::SNS::Topic' };
/** Resources added after the first release. */
const laterIds = {
  NoticesQueue8F17BA1B: 'AWS::SQS::Queue',
  NoticesDeadLetters9751A95B: 'AWS::SQS::Queue',
  EventsD32975C2: 'AWS::Events::EventBus',
  SigningSecret63A7F3CE: 'AWS::SecretsManager::Secret',
};
const engineIds = {
  RecordsTableC9B7A30B: 'AWS::DynamoDB::GlobalTable',
  MediaBucket4022EBBF: 'AWS::S3::Bucket',
  WorkQueue1CAC4D2F: 'AWS::SQS::Queue',
  WorkDeadLetters7D6F983C: 'AWS::SQS::Queue',
  ApiKeySecret5E0E1F3C: 'AWS::SecretsManager::Secret',
  ApiKeyRandom79D3C41F: 'AWS::SecretsManager::Secret',
  WebhookSecretD7FE3AEE: 'AWS::SecretsManager::Secret',
};
const hostedIds = {
  MosaicApiKeySecretC1E88B0B: 'AWS::SecretsManager::Secret',
  WebhookSecretD7FE3AEE: 'AWS::SecretsManager::Secret',
};

const stateful =
  /^AWS::(S3::Bucket|DynamoDB::\w*Table|SQS::Queue|SNS::Topic|SecretsManager::Secret|KMS::(Key|Alias)|Events::EventBus)$/;
const idsOf = ({ Resources }: TemplateJson) =>
  Object.fromEntries(Object.entries(Resources).flatMap(([id, { Type }]) => (stateful.test(Type) ? [[id, Type]] : [])));

test('an upgrade keeps the logical id of every table, bucket, queue, topic and secret', () => {
  const { pipeline, engine } = synthesize();
  expect(idsOf(pipeline)).toEqual({ ...pipelineIds, ...alarmsId, ...laterIds });
  expect(idsOf(engine)).toEqual({ ...engineIds, ...alarmsId });
});

test('an upgrade of a stage with hosted Mosaic keeps the logical ids', () => {
  expect(idsOf(synthesize({ engine: 'mosaic' }).pipeline)).toEqual({
    ...pipelineIds,
    ...alarmsId,
    ...laterIds,
    ...hostedIds,
  });
});
