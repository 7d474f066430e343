import { GetObjectTaggingCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { describe, expect, test } from 'vitest';
import { s3Bucket } from '../../shared/platform/aws/index.ts';
import type { Bucket } from '../../shared/platform/ports.ts';
import { bucketContract } from '../contracts/bucket.ts';
import { createBucket } from './resources.ts';

const gapsOfMoto = {
  ...Object.fromEntries(
    [
      'bytes that are not those of the checksum are rejected, and nothing is there',
      'a put that is rejected leaves what was there',
      'a part whose bytes are not those of its checksum is rejected, and does not arrive',
      'each part that has arrived has its checksum, whether it came with one or not',
      'a published object has the checksum of all its bytes, joined from those of its parts',
      'a publish with another checksum is rejected, nothing is visible, and the right one still can be',
      'an object put with its checksum has it',
    ].map((title) => [title, 'moto compares no CRC32C and joins none; see versitygw.test.ts']),
  ),
  'lists uploads by key, in as many pages as it takes': 'moto lists all at once; see test/platform/s3-writes.test.ts',
  'lists several uploads of one key, in as many pages as it takes': 'moto lists all at once',
  'of many puts if absent at one time exactly one is stored':
    'moto looks and then stores, in threads: two that meet are now and then both stored, which S3 rules out',
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

  test('an archived object is listed and known as such, and is readable once it was restored', async () => {
    const bucket = s3Bucket(await createBucket());
    const s3 = new S3Client({ forcePathStyle: true });
    const Key = 'old/a b+c.mov';
    await s3.send(new PutObjectCommand({ Bucket: bucket.name, Key, Body: 'x', StorageClass: 'DEEP_ARCHIVE' }));
    const head = await bucket.head(Key);
    expect(head).toMatchObject({ storageClass: 'DEEP_ARCHIVE', archive: 'archived' });
    expect((await bucket.list({ prefix: 'old/' })).objects).toMatchObject([{ key: Key, storageClass: 'DEEP_ARCHIVE' }]);
    // moto restores at once. The hours between, S3's refusals and reading too early: test/platform/s3-answers.test.ts.
    await bucket.restore(Key, { versionId: head?.versionId, days: 1, tier: 'Standard' });
    expect(await bucket.head(Key)).toMatchObject({ storageClass: 'DEEP_ARCHIVE' });
    expect((await bucket.head(Key))?.archive).toBeUndefined();
    await bucket.restore(Key, { days: 1, tier: 'Standard' });
  });

  test('a link signed for a role reads the object and lives about an hour, however long was asked', async () => {
    const { name } = s3Bucket(await createBucket());
    const bucket = s3Bucket(name, { linkRoleArn: 'arn:aws:iam::123456789012:role/input-links' });
    await bucket.put('clip.mp4', 'hello');
    const { url, expiresAt } = await bucket.link('clip.mp4', { expiresInSeconds: 7 * 86_400 });
    expect(await (await fetch(url)).text()).toBe('hello');
    expect(new URL(url).searchParams.has('X-Amz-Security-Token')).toBe(true);
    expect(expiresAt.getTime() - Date.now()).toBeGreaterThan(3_540_000);
    expect(expiresAt.getTime() - Date.now()).toBeLessThanOrEqual(3_600_000);
  });

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
