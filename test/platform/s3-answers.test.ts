import { describe, expect, test } from 'vitest';
import { Denied, InvalidInput, Missing, PermanentError } from '../../shared/errors.ts';
import { s3Bucket } from '../../shared/platform/aws/index.ts';
import { awsAnswers, withHeaders, xml, xmlError } from './aws-answers.ts';

const { asked, answers } = awsAnswers();
const bucket = s3Bucket('uploads');

const thrownBy = (call: Promise<unknown>): Promise<Error> =>
  call.then(
    () => Promise.reject(new Error('nothing was thrown')),
    (error: Error) => error,
  );

describe('What may not be read', () => {
  test('a head that is answered 403, without a word, says what to check', async () => {
    answers(withHeaders({}, 403));
    const error = await thrownBy(bucket.head('a b/ü.mp4', { versionId: 'v1' }));
    expect(error).toBeInstanceOf(Denied);
    expect(error).not.toBeInstanceOf(PermanentError);
    expect(error.message).toContain('a b/ü.mp4 in uploads');
    expect(error.message).toContain('s3:GetObjectVersion');
    expect(error.message).toContain('s3:ListBucket on the bucket');
    expect(error.message).toContain('KMS');
    expect((await thrownBy(bucket.head('k'))).message).toMatch(/s3:GetObject /);
  });

  test.each([
    ['read', () => bucket.read('k'), 's3:GetObject'],
    ['list', () => bucket.list({ prefix: 'in/' }), 's3:ListBucket'],
    ['put', () => bucket.put('k', 'x'), 's3:PutObject'],
    ['put with tags', () => bucket.put('k', 'x', { tags: { a: 'b' } }), 's3:PutObjectTagging'],
    ['putPart', () => bucket.putPart({ key: 'k', uploadId: 'u' }, 1, Buffer.from('x')), 's3:PutObject'],
    ['listParts', () => bucket.listParts({ key: 'k', uploadId: 'u' }), 's3:ListMultipartUploadParts'],
    ['abandon', () => bucket.abandon({ key: 'k', uploadId: 'u' }), 's3:AbortMultipartUpload'],
    ['startUpload', () => bucket.startUpload('k', { tags: { a: 'b' } }), 's3:PutObjectTagging'],
  ])('%s that is refused names its permission', async (_name, call, action) => {
    answers(xmlError(403, 'AccessDenied', 'User: arn:… is not authorized'));
    const error = await thrownBy(call());
    expect(error).toBeInstanceOf(Denied);
    expect(error.message).toContain(action);
    expect(asked).toHaveLength(1);
  });

  test('a head that is answered 400, without a word, is asked why: a version id of no shape is no version', async () => {
    answers(withHeaders({}, 400), xmlError(400, 'InvalidArgument', 'Invalid version id specified'));
    expect(await bucket.head('k', { versionId: 'nonsense' })).toBeUndefined();
    answers(withHeaders({}, 400), xmlError(400, 'KMS.DisabledException', 'arn:… is disabled.'));
    expect(await thrownBy(bucket.head('k'))).toBeInstanceOf(Denied);
    answers(withHeaders({}, 400), xmlError(416, 'InvalidRange'));
    const error = await thrownBy(bucket.head('k'));
    expect(error).not.toBeInstanceOf(PermanentError);
  });

  test('a KMS key that is disabled is a matter of permissions too', async () => {
    answers(xmlError(400, 'KMS.DisabledException', 'arn:… is disabled.'));
    expect(await thrownBy(bucket.read('k'))).toBeInstanceOf(Denied);
  });

  test('a clock that is wrong and a signature that does not match are not', async () => {
    for (const code of ['RequestTimeTooSkewed', 'SignatureDoesNotMatch']) {
      answers(xmlError(403, code));
      const error = await thrownBy(bucket.read('k'));
      expect(error).not.toBeInstanceOf(Denied);
      expect(error.name).toBe(code);
    }
  });
});

describe('What is archived', () => {
  const ongoing = 'ongoing-request="true"';
  const back = 'ongoing-request="false", expiry-date="Fri, 21 Dec 2029 00:00:00 GMT"';

  test.each([
    ['STANDARD', {}, { storageClass: undefined, archive: undefined }],
    ['GLACIER_IR', {}, { storageClass: 'GLACIER_IR', archive: undefined }],
    ['GLACIER', {}, { storageClass: 'GLACIER', archive: 'archived' }],
    ['DEEP_ARCHIVE', { 'x-amz-restore': ongoing }, { archive: 'restoring' }],
    ['DEEP_ARCHIVE', { 'x-amz-restore': back }, { archive: undefined }],
    ['INTELLIGENT_TIERING', {}, { archive: undefined }],
    ['INTELLIGENT_TIERING', { 'x-amz-archive-status': 'ARCHIVE_ACCESS' }, { archive: 'archived' }],
    [
      'INTELLIGENT_TIERING',
      { 'x-amz-archive-status': 'DEEP_ARCHIVE_ACCESS', 'x-amz-restore': ongoing },
      { archive: 'restoring' },
    ],
  ])('%s with %j is %j', async (storageClass, more, expected) => {
    answers(withHeaders({ 'content-length': '5', etag: '"e"', 'x-amz-storage-class': storageClass, ...more }));
    const head = await bucket.head('k');
    expect({ storageClass: head?.storageClass, archive: head?.archive }).toMatchObject(expected);
  });

  const archived = (storageClass: string, more = {}) =>
    withHeaders({ 'content-length': '5', 'x-amz-storage-class': storageClass, ...more });

  test('it is asked for with its version, days and tier', async () => {
    answers(archived('GLACIER'), withHeaders({}, 202));
    await bucket.restore('a b.mp4', { versionId: 'v1', days: 3, tier: 'Bulk' });
    expect(asked[1]).toMatchObject({ method: 'POST', path: expect.stringContaining('versionId=v1') });
    expect(asked[1]?.body).toContain('<Days>3</Days>');
    expect(asked[1]?.body).toContain('<Tier>Bulk</Tier>');
  });

  test('out of intelligent tiering it comes back for good: no days are named', async () => {
    answers(archived('INTELLIGENT_TIERING', { 'x-amz-archive-status': 'ARCHIVE_ACCESS' }), withHeaders({}, 202));
    await bucket.restore('k', { days: 3, tier: 'Standard' });
    expect(asked[1]?.body).not.toContain('Days');
  });

  test('nothing is asked for what is on its way', async () => {
    answers(archived('GLACIER', { 'x-amz-restore': ongoing }));
    await bucket.restore('k', { days: 3, tier: 'Standard' });
    expect(asked).toHaveLength(1);
  });

  test('that someone else has asked meanwhile is fine', async () => {
    answers(archived('GLACIER'), xmlError(409, 'RestoreAlreadyInProgress'));
    await expect(bucket.restore('k', { days: 3, tier: 'Standard' })).resolves.toBeUndefined();
  });

  test('a tier that its class does not have can never work, and says so', async () => {
    answers(archived('DEEP_ARCHIVE'), xmlError(400, 'InvalidArgument', 'Expedited is not supported'));
    const error = await thrownBy(bucket.restore('k', { days: 1, tier: 'Expedited' }));
    expect(error).toBeInstanceOf(InvalidInput);
    expect(error.message).toMatch(/k in uploads \(DEEP_ARCHIVE\) with tier Expedited .* Expedited is not supported/);
  });

  test('to have no right to restore is said, and no such object too', async () => {
    answers(archived('GLACIER'), xmlError(403, 'AccessDenied'));
    expect((await thrownBy(bucket.restore('k', { days: 1, tier: 'Bulk' }))).message).toContain('s3:RestoreObject');
    answers(withHeaders({}, 404));
    expect(await thrownBy(bucket.restore('k', { days: 1, tier: 'Bulk' }))).toBeInstanceOf(Missing);
  });

  test('to read it is an error that a restore mends, not one of permissions', async () => {
    answers(xmlError(403, 'InvalidObjectState'));
    const error = await thrownBy(bucket.read('k'));
    expect(error).not.toBeInstanceOf(Denied);
    expect(error).not.toBeInstanceOf(PermanentError);
    expect(error.message).toContain('k in uploads is archived');
  });
});

test('the keys of a listing are read from the form that S3 sends them in', async () => {
  const contents = ['a+b%2Bc', '%E4%B8%96/100%25', 'x%01y']
    .map((key) => `<Contents><Key>${key}</Key><Size>1</Size><StorageClass>GLACIER</StorageClass></Contents>`)
    .join('');
  answers(
    xml(
      `<ListBucketResult><EncodingType>url</EncodingType><IsTruncated>true</IsTruncated>${contents}</ListBucketResult>`,
    ),
  );
  const { objects, next } = await bucket.list({ prefix: 'p q+', after: 'ü +', limit: 3 });
  expect(objects.map(({ key }) => key)).toEqual(['a b+c', '世/100%', 'x\u0001y']);
  expect(objects[0]?.storageClass).toBe('GLACIER');
  expect(next).toBe('x\u0001y');
  const query = new URLSearchParams(asked[0]?.path.split('?')[1]);
  expect(Object.fromEntries(query)).toMatchObject({
    ...{ 'encoding-type': 'url', 'max-keys': '3', prefix: 'p q+', 'start-after': 'ü +' },
  });
});
