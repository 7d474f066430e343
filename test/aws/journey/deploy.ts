import { randomBytes } from 'node:crypto';
import {
  CreateTableCommand,
  type CreateTableCommandInput,
  DynamoDBClient,
  UpdateTimeToLiveCommand,
} from '@aws-sdk/client-dynamodb';
import { CreateEventBusCommand, EventBridgeClient } from '@aws-sdk/client-eventbridge';
import {
  CreateBucketCommand,
  PutBucketEncryptionCommand,
  PutBucketVersioningCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { CreateSecretCommand, GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs';
import { accountId, addressOf, type Physical, region, resolverOf } from './intrinsics.ts';
import type { Properties, StackTemplate } from './stage.ts';

type Create = (name: string, properties: Properties) => Promise<Physical>;

/**
 * Makes in the emulators what the templates describe and is not there yet, each from its own properties, as
 * CloudFormation would. `apiEndpoint` answers where an HTTP API of the templates is served.
 */
export async function deploy(
  templates: readonly StackTemplate[],
  deployed: Map<string, Physical>,
  places: { readonly awsUrl: string; readonly apiEndpoint: (address: string) => string },
): Promise<void> {
  const creators: Readonly<Record<string, Create>> = {
    'AWS::DynamoDB::GlobalTable': createTable,
    'AWS::Events::EventBus': createBus,
    'AWS::S3::Bucket': createBucket,
    'AWS::SecretsManager::Secret': createSecret,
    'AWS::SQS::Queue': (name, properties) => createQueue(name, properties, places.awsUrl),
  };
  const resolve = resolverOf(templates, deployed);
  for (const { stack, Resources } of templates)
    for (const [id, { Type, Properties = {} }] of Object.entries(Resources)) {
      const address = addressOf(stack, id);
      if (deployed.has(address)) continue;
      if (Type === 'AWS::ApiGatewayV2::Api')
        deployed.set(address, { ref: id.toLowerCase(), attributes: { ApiEndpoint: places.apiEndpoint(address) } });
      // The CDK writes what is referred to (dead letters, the key's random part) before what refers to it.
      const name = `${stack}-${id}`.toLowerCase();
      const created = await creators[Type]?.(name, resolve(stack, Properties) as Properties);
      if (created) deployed.set(address, created);
    }
}

export const tableArn = (name: string): string => `arn:aws:dynamodb:${region}:${accountId}:table/${name}`;
export const bucketArn = (name: string): string => `arn:aws:s3:::${name}`;
export const busArn = (name: string): string => `arn:aws:events:${region}:${accountId}:event-bus/${name}`;
export const queueArn = (name: string): string => `arn:aws:sqs:${region}:${accountId}:${name}`;

async function createTable(name: string, properties: Properties): Promise<Physical> {
  const { AttributeDefinitions, KeySchema, GlobalSecondaryIndexes, BillingMode, TimeToLiveSpecification } = properties;
  const dynamo = new DynamoDBClient();
  const shape = { AttributeDefinitions, KeySchema, GlobalSecondaryIndexes, BillingMode };
  await dynamo.send(new CreateTableCommand({ TableName: name, ...shape } as CreateTableCommandInput));
  const expiry = TimeToLiveSpecification as { AttributeName: string; Enabled: boolean };
  await dynamo.send(new UpdateTimeToLiveCommand({ TableName: name, TimeToLiveSpecification: expiry }));
  return { ref: name, attributes: { Arn: tableArn(name) } };
}

async function createBucket(
  name: string,
  { VersioningConfiguration, BucketEncryption }: Properties,
): Promise<Physical> {
  const s3 = new S3Client({ forcePathStyle: true });
  await s3.send(new CreateBucketCommand({ Bucket: name }));
  const versioning = VersioningConfiguration as { Status: 'Enabled' };
  await s3.send(new PutBucketVersioningCommand({ Bucket: name, VersioningConfiguration: versioning }));
  const [{ ServerSideEncryptionByDefault } = {}] = (
    BucketEncryption as {
      ServerSideEncryptionConfiguration: { ServerSideEncryptionByDefault?: { SSEAlgorithm: 'AES256' } }[];
    }
  ).ServerSideEncryptionConfiguration;
  const Rules = [{ ApplyServerSideEncryptionByDefault: ServerSideEncryptionByDefault }];
  await s3.send(new PutBucketEncryptionCommand({ Bucket: name, ServerSideEncryptionConfiguration: { Rules } }));
  return { ref: name, attributes: { Arn: bucketArn(name) } };
}

/** The one kind whose name the template must give. */
async function createBus(_: string, { Name }: Properties): Promise<Physical> {
  const name = String(Name);
  await new EventBridgeClient().send(new CreateEventBusCommand({ Name: name }));
  return { ref: name, attributes: { Arn: busArn(name) } };
}

async function createQueue(name: string, properties: Properties, awsUrl: string): Promise<Physical> {
  const { RedrivePolicy, Tags: _, ...rest } = properties;
  const Attributes = Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, String(value)]));
  if (RedrivePolicy !== undefined) Attributes.RedrivePolicy = JSON.stringify(RedrivePolicy);
  await new SQSClient().send(new CreateQueueCommand({ QueueName: name, Attributes }));
  return { ref: `${awsUrl}/${accountId}/${name}`, attributes: { Arn: queueArn(name), QueueName: name } };
}

async function createSecret(name: string, { SecretString, GenerateSecretString }: Properties): Promise<Physical> {
  const client = new SecretsManagerClient();
  const { PasswordLength = 32 } = (GenerateSecretString ?? {}) as { PasswordLength?: number };
  const value =
    SecretString === undefined
      ? randomBytes(PasswordLength).toString('hex').slice(0, PasswordLength)
      : await withDynamicReferences(client, String(SecretString));
  const { ARN = '' } = await client.send(new CreateSecretCommand({ Name: name, SecretString: value }));
  return { ref: ARN, attributes: {} };
}

/** `{{resolve:secretsmanager:<arn>:SecretString:::}}` is the other secret's value; the arn has colons of its own. */
async function withDynamicReferences(client: SecretsManagerClient, text: string): Promise<string> {
  const [whole, SecretId] = /\{\{resolve:secretsmanager:(.+?):SecretString:::\}\}/.exec(text) ?? [];
  if (whole === undefined) return text;
  const { SecretString = '' } = await client.send(new GetSecretValueCommand({ SecretId }));
  return text.replace(whole, SecretString);
}
