import { beforeAll, expect, test } from 'vitest';
import { s3Bucket } from '../../shared/platform/aws/index.ts';

beforeAll(() => {
  // AWS itself, which signing does not ask.
  for (const name of ['AWS_ENDPOINT_URL', 'AWS_ENDPOINT_URL_S3']) delete process.env[name];
  Object.assign(process.env, {
    ...{ AWS_REGION: 'eu-central-1', AWS_ACCESS_KEY_ID: 'own', AWS_SECRET_ACCESS_KEY: 'own-secret' },
    ...{ AWS_EC2_METADATA_DISABLED: 'true', AWS_CONFIG_FILE: '/dev/null', AWS_SHARED_CREDENTIALS_FILE: '/dev/null' },
  });
});

const linkTo = async (bucket: string) =>
  new URL((await s3Bucket(bucket).link('a b.mp4', { expiresInSeconds: 60 })).url);

test('a link is signed for the region of its bucket, with a signature that KMS takes', async () => {
  const { host, searchParams } = await linkTo('uploads');
  expect(host).toBe('uploads.s3.eu-central-1.amazonaws.com');
  expect(searchParams.get('X-Amz-Algorithm')).toBe('AWS4-HMAC-SHA256');
  expect(searchParams.get('X-Amz-Credential')).toContain('/eu-central-1/s3/');
});

test('a link to a bucket with dots in its name has an address that its certificate covers', async () => {
  const { host, pathname } = await linkTo('my.footage.example');
  expect([host, pathname]).toEqual(['s3.eu-central-1.amazonaws.com', '/my.footage.example/a%20b.mp4']);
});
