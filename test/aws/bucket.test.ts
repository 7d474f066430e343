import { GetObjectTaggingCommand, S3Client } from '@aws-sdk/client-s3';
import { describe, expect, test } from 'vitest';
import { s3Bucket } from '../../shared/platform/aws/index.ts';
import type { Bucket } from '../../shared/platform/ports.ts';
import { bucketContract } from '../contracts/bucket.ts';
import { createBucket } from './resources.ts';

const gapsOfMoto = {
  'an upload that has ended takes no part and cannot be published':
    'moto answers 500 where S3 answers NoSuchUpload; see faults.test.ts',
  'a link that was changed answers 403': 'moto does not check the signature of a link',
  'a link that has expired answers 403': 'moto does not look at the time of a link',
};

const tagsOf = async ({ name }: Bucket, key: string) => {
  const s3 = new S3Client({ forcePathStyle: true });
  const { TagSet = [] } = await s3.send(new GetObjectTaggingCommand({ Bucket: name, Key: key }));
  return Object.fromEntries(TagSet.map(({ Key = '', Value = '' }) => [Key, Value]));
};

describe.skipIf(!process.env.AWS_ENDPOINT_URL_S3)('On moto', () => {
  bucketContract('S3', async () => s3Bucket(await createBucket()), { gaps: gapsOfMoto, tagsOf });

  test('a link signs the version and the time, and asks for no checksum', async () => {
    const bucket = s3Bucket(await createBucket());
    const { url: link } = await bucket.link('a b/ü.mp4', { versionId: 'v+1', expiresInSeconds: 3600 });
    const { pathname, searchParams } = new URL(link);
    expect(pathname).toBe(`/${bucket.name}/a%20b/%C3%BC.mp4`);
    expect(Object.fromEntries(searchParams)).toMatchObject({
      versionId: 'v+1',
      'X-Amz-Expires': '3600',
      'X-Amz-SignedHeaders': 'host',
    });
    expect(searchParams.has('x-amz-checksum-mode')).toBe(false);
    expect(searchParams.get('X-Amz-Signature')).toMatch(/^[0-9a-f]{64}$/);
  });
});
