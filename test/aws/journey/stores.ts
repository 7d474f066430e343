import { type AttributeValue, DynamoDBClient, PutItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import {
  CreateMultipartUploadCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  ListMultipartUploadsCommand,
  ListObjectVersionsCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';

/** The test's own look into the emulators, past the gate. */
// moto tells a checksum of the parts' checksums where S3 tells the whole object's: the test compares the bytes itself.
const s3 = () => new S3Client({ forcePathStyle: true, responseChecksumValidation: 'WHEN_REQUIRED' });

export async function putObject(bucket: string, key: string, body: Buffer, storageClass?: 'GLACIER') {
  const object = { Bucket: bucket, Key: key, Body: body, StorageClass: storageClass };
  const { ETag = '', VersionId = '' } = await s3().send(new PutObjectCommand(object));
  return { key, size: body.byteLength, etag: ETag.replaceAll('"', ''), 'version-id': VersionId };
}

export async function objectAt(bucket: string, key: string): Promise<Buffer> {
  const { Body } = await s3().send(new GetObjectCommand({ Bucket: bucket, Key: key }));
  return Buffer.from((await Body?.transformToByteArray()) ?? []);
}

/** An upload in parts that was begun and never ended. */
export async function beginUpload(bucket: string, key: string): Promise<string> {
  const { UploadId = '' } = await s3().send(new CreateMultipartUploadCommand({ Bucket: bucket, Key: key }));
  return UploadId;
}

export async function openUploadsIn(bucket: string): Promise<string[]> {
  const { Uploads = [] } = await s3().send(new ListMultipartUploadsCommand({ Bucket: bucket }));
  return Uploads.map(({ UploadId = '' }) => UploadId);
}

export async function putItem(table: string, item: Record<string, string>): Promise<void> {
  await new DynamoDBClient().send(new PutItemCommand({ TableName: table, Item: marshall(item) }));
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
