import { randomUUID } from 'node:crypto';
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { CreateBucketCommand, PutBucketVersioningCommand, S3Client } from '@aws-sdk/client-s3';
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { CreateQueueCommand, GetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';

/** Empty resources in the emulators, made as `infra/` makes them, each with a name of its own. */

export async function createTable(name = newName('table')): Promise<string> {
  const text = (AttributeName: string) => ({ AttributeName, AttributeType: 'S' as const });
  const keys = (hash: string, range: string) => [
    { AttributeName: hash, KeyType: 'HASH' as const },
    { AttributeName: range, KeyType: 'RANGE' as const },
  ];
  await new DynamoDBClient().send(
    new CreateTableCommand({
      TableName: name,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: ['pk', 'sk', 'ipk', 'isk'].map(text),
      KeySchema: keys('pk', 'sk'),
      GlobalSecondaryIndexes: [
        { IndexName: 'index', KeySchema: keys('ipk', 'isk'), Projection: { ProjectionType: 'ALL' } },
      ],
    }),
  );
  return name;
}

export async function createBucket(name = newName('bucket')): Promise<string> {
  const s3 = new S3Client({ forcePathStyle: true });
  await s3.send(new CreateBucketCommand({ Bucket: name }));
  const VersioningConfiguration = { Status: 'Enabled' as const };
  await s3.send(new PutBucketVersioningCommand({ Bucket: name, VersioningConfiguration }));
  return name;
}

/** Returns the URLs of the queue and of its dead letters. */
export async function createQueue(
  options: { maxReceives?: number; name?: string } = {},
): Promise<{ queueUrl: string; deadLettersUrl: string }> {
  const { maxReceives = 5, name = newName('queue') } = options;
  const sqs = new SQSClient();
  const { QueueUrl: deadLettersUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName: `${name}-dead` }));
  const { Attributes } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: deadLettersUrl, AttributeNames: ['QueueArn'] }),
  );
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: Attributes?.QueueArn, maxReceiveCount: maxReceives });
  const { QueueUrl: queueUrl = '' } = await sqs.send(
    new CreateQueueCommand({ QueueName: name, Attributes: { RedrivePolicy } }),
  );
  return { queueUrl, deadLettersUrl };
}

export async function createSecret(value: string, name = newName('secret')): Promise<string> {
  await new SecretsManagerClient().send(new CreateSecretCommand({ Name: name, SecretString: value }));
  return name;
}

const newName = (kind: string) => `${kind}-${randomUUID()}`;
