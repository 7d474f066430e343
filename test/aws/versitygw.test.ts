import { describe } from 'vitest';
import { s3Bucket } from '../../shared/platform/aws/index.ts';
import { bucketContract } from '../contracts/bucket.ts';
import { createBucket } from './resources.ts';

const url = process.env.TESSERA_VERSITYGW_URL;
if (url !== undefined) process.env.AWS_ENDPOINT_URL_S3 = url;

const asFiles = 'it keeps each object as a file of its name, which cannot be every name; see bucket.test.ts';
const itsMarkers = 'it refuses the marker that it gave itself; see test/platform/s3-writes.test.ts';

const gapsOfVersitygw = {
  'takes keys with dot segments, as names and not as paths': asFiles,
  'takes keys of 1,024 bytes and refuses longer and empty ones': asFiles,
  'lists what is below a prefix in order of the UTF-8 bytes of the keys, exactly as they are': asFiles,
  'pages from one key to the next, without end where a page ends with the last':
    'it says that there is more where a page is as long as was asked; see bucket.test.ts',
  'an object is kept in the storage class that is asked for': 'it has one class; see bucket.test.ts',
  'lists uploads by key, in as many pages as it takes': itsMarkers,
  'lists several uploads of one key, in as many pages as it takes': itsMarkers,
};

/** It compares the checksums of parts and wholes as S3 does, and moto does not. */
describe.skipIf(url === undefined)('On versitygw', () => {
  bucketContract('S3', async () => s3Bucket(await createBucket()), { gaps: gapsOfVersitygw });
});
