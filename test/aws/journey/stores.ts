import { type AttributeValue, DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import {
  GetObjectCommand,
  GetObjectTaggingCommand,
  ListObjectVersionsCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { unmarshall } from '@aws-sdk/util-dynamodb';

/** The test's own look into the emulators, past the gate. */
const s3 = () => new S3Client({ forcePathStyle: true });

export async function putObject(bucket: string, key: string, body: Buffer, storageClass?: 'GLACIER') {
  const object = { Bucket: bucket, Key: key, Body: body, StorageClass: storageClass };
  const { ETag = '', VersionId = '' } = await s3().send(new PutObjectCommand(object));
  return { key, size: body.byteLength, etag: ETag.replaceAll('"', ''), 'version-id': VersionId };
}

export async function objectAt(bucket: string, key: string): Promise<Buffer> {
  const { Body } = await s3().send(new GetObjectCommand({ Bucket: bucket, Key: key }));
  return Buffer.from((await Body?.transformToByteArray()) ?? []);
}

export async function tagsOf(bucket: string, key: string): Promise<Record<string, string>> {
  const { TagSet = [] } = await s3().send(new GetObjectTaggingCommand({ Bucket: bucket, Key: key }));
  return Object.fromEntries(TagSet.map(({ Key = '', Value = '' }) => [Key, Value]));
}

/** Every version of every object, as `key#version`. */
export async function versionsIn(bucket: string): Promise<string[]> {
  const { Versions = [], DeleteMarkers = [] } = await s3().send(new ListObjectVersionsCommand({ Bucket: bucket }));
  return [...Versions, ...DeleteMarkers].map(({ Key, VersionId }) => `${Key}#${VersionId}`).sort();
}

export async function itemsOf(table: string): Promise<Record<string, unknown>[]> {
  const items: Record<string, AttributeValue>[] = [];
  for (let start: Record<string, AttributeValue> | undefined; ; ) {
    const page = await new DynamoDBClient().send(new ScanCommand({ TableName: table, ExclusiveStartKey: start }));
    items.push(...(page.Items ?? []));
    start = page.LastEvaluatedKey;
    if (start === undefined) return items.map((item) => unmarshall(item));
  }
}

export async function secretAt(arn: string): Promise<string> {
  const { SecretString = '' } = await new SecretsManagerClient().send(new GetSecretValueCommand({ SecretId: arn }));
  return SecretString;
}
