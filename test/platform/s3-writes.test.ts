import { describe, expect, test } from 'vitest';
import { Denied, Missing, PermanentError, Rejected } from '../../shared/errors.ts';
import { s3Bucket } from '../../shared/platform/aws/index.ts';
import { awsAnswers, withHeaders, xml, xmlError } from './aws-answers.ts';

const { asked, answers } = awsAnswers();
const bucket = s3Bucket('deliveries');
const upload = { key: 'a.mp4', uploadId: 'u1' };
const hello = { bytes: Buffer.from('hello'), crc32c: '9a71bb4c', base64: 'mnG7TA==' };
const part = { partNumber: 1, size: 5, etag: 'e1', crc32c: hello.crc32c };

const begun = xml('<InitiateMultipartUploadResult><UploadId>u1</UploadId></InitiateMultipartUploadResult>');
const completed = xml(
  `<CompleteMultipartUploadResult><ETag>"e"</ETag><ChecksumCRC32C>${hello.base64}</ChecksumCRC32C></CompleteMultipartUploadResult>`,
);

const header = (name: string) => asked[0]?.headers.get(name);

describe('What is sent with a checksum', () => {
  test('an upload is begun for one checksum over the whole', async () => {
    answers(begun);
    await bucket.startUpload('a.mp4', { storageClass: 'GLACIER_IR', tags: { team: 'a' } });
    expect(header('x-amz-checksum-algorithm')).toBe('CRC32C');
    expect(header('x-amz-checksum-type')).toBe('FULL_OBJECT');
    expect(header('x-amz-storage-class')).toBe('GLACIER_IR');
    expect(header('x-amz-tagging')).toBe('team=a');
  });

  test.each([
    ['with its checksum given', { crc32c: hello.crc32c }],
    ['with one that is made here', {}],
  ])('a part goes as it is, %s: not hashed again, not in chunks, not asked for first', async (_title, checked) => {
    answers(withHeaders({ etag: '"e1"', 'x-amz-checksum-crc32c': hello.base64 }));
    expect(await bucket.putPart(upload, 1, hello.bytes, checked)).toEqual(part);
    expect(header('x-amz-checksum-crc32c')).toBe(hello.base64);
    expect(header('x-amz-content-sha256')).toBe('UNSIGNED-PAYLOAD');
    expect(header('authorization')).toContain('x-amz-content-sha256');
    for (const name of ['content-encoding', 'x-amz-trailer', 'expect', 'x-amz-sdk-checksum-algorithm'])
      expect(header(name)).toBeNull();
    expect(asked[0]?.body).toBe('hello');
  });

  test('a store that tells no checksum has none', async () => {
    answers(withHeaders({ etag: '"e1"' }));
    expect(await bucket.putPart(upload, 1, hello.bytes)).toEqual({ partNumber: 1, size: 5, etag: 'e1' });
    answers(withHeaders({ etag: '"e"', 'content-length': '5', 'x-amz-checksum-crc32c': 'mnG7TA==-3' }));
    expect((await bucket.head('a.mp4'))?.crc32c).toBeUndefined();
  });

  test('the whole is published with its size and its checksum, and its parts with theirs', async () => {
    answers(completed, withHeaders({ etag: '"e"', 'content-length': '5', 'x-amz-checksum-crc32c': hello.base64 }));
    const stored = await bucket.publish(upload, [part], { crc32c: hello.crc32c, ifAbsent: true });
    expect(stored).toMatchObject({ outcome: 'stored', head: { size: 5, crc32c: hello.crc32c } });
    expect(header('x-amz-checksum-crc32c')).toBe(hello.base64);
    expect(header('x-amz-checksum-type')).toBe('FULL_OBJECT');
    expect(header('x-amz-mp-object-size')).toBe('5');
    expect(header('if-none-match')).toBe('*');
    expect(asked[0]?.body).toContain(`<ChecksumCRC32C>${hello.base64}</ChecksumCRC32C>`);
    expect(asked[1]?.headers.get('x-amz-checksum-mode')).toBe('ENABLED');
  });

  test.each([
    ['part', () => bucket.putPart(upload, 1, hello.bytes), 'BadDigest'],
    ['part', () => bucket.putPart(upload, 1, hello.bytes), 'XAmzContentChecksumMismatch'],
    ['whole', () => bucket.publish(upload, [part], { crc32c: hello.crc32c }), 'BadDigest'],
    ['object', () => bucket.put('k', hello.bytes, { crc32c: hello.crc32c }), 'BadDigest'],
  ])('a %s in which S3 finds other bytes is rejected', async (_what, call, code) => {
    answers(xmlError(400, code, 'The CRC32C you specified did not match the calculated checksum.'));
    await expect(call()).rejects.toThrow(Rejected);
    expect(asked).toHaveLength(1);
  });

  test('a whole of another size than its parts is rejected', async () => {
    answers(xmlError(400, 'InvalidRequest', "The provided 'x-amz-mp-object-size' header value 5 does not match."));
    await expect(bucket.publish(upload, [part])).rejects.toThrow(Rejected);
  });

  test('an upload that was begun without checksums is one to begin anew', async () => {
    answers(xmlError(400, 'InvalidRequest', 'Checksum Type mismatch occurred, expected: null, actual: crc32c'));
    await expect(bucket.putPart(upload, 1, hello.bytes)).rejects.toThrow(Missing);
    await expect(bucket.publish(upload, [part])).rejects.toThrow(Missing);
  });
});

test('an upload that met another writer is over, and begun anew', async () => {
  const met = xmlError(409, 'ConditionalRequestConflict');
  answers(...Array(5).fill(met), withHeaders({}, 204));
  await expect(bucket.publish(upload, [part], { ifAbsent: true })).rejects.toThrow(Missing);
  expect(asked.at(-1)).toMatchObject({ method: 'DELETE', path: expect.stringContaining('uploadId=u1') });
});

test('a put under a KMS key whose answer was lost is known as our own by its checksum', async () => {
  const lost = xmlError(500, 'InternalError');
  const kept = { etag: '"no-md5"', 'content-length': '5', 'x-amz-checksum-crc32c': hello.base64 };
  answers(lost, xmlError(412, 'PreconditionFailed'), withHeaders(kept));
  const stored = await bucket.put('k', hello.bytes, { crc32c: hello.crc32c, ifAbsent: true });
  expect(stored).toMatchObject({ outcome: 'stored', head: { etag: 'no-md5' } });
  answers(lost, xmlError(412, 'PreconditionFailed'), withHeaders({ ...kept, 'x-amz-checksum-crc32c': 'AAAAAA==' }));
  expect(await bucket.put('k', hello.bytes, { crc32c: hello.crc32c, ifAbsent: true })).toEqual({ outcome: 'exists' });
});

describe('A bucket of another account, region and key', () => {
  const keyArn = 'arn:aws:kms:us-west-2:210987654321:key/1234';
  const other = s3Bucket('theirs', { region: 'us-west-2', owner: '210987654321', keyArn });
  const calls = {
    head: () => other.head('k'),
    read: () => other.read('k'),
    put: () => other.put('k', 'x'),
    list: () => other.list(),
    startUpload: () => other.startUpload('k'),
    putPart: () => other.putPart(upload, 1, hello.bytes),
    listParts: () => other.listParts(upload),
    publish: () => other.publish(upload, [part]),
    abandon: () => other.abandon(upload),
    listUploads: () => other.listUploads(),
  };

  test.each(Object.entries(calls))(
    '%s is signed for its region and names the account it must belong to',
    async (_name, call) => {
      answers(withHeaders({ etag: '"e"', 'content-length': '0' }));
      await call().catch(() => {});
      expect(asked.length).toBeGreaterThan(0);
      for (const { headers } of asked) {
        expect(headers.get('x-amz-expected-bucket-owner')).toBe('210987654321');
        expect(headers.get('authorization')).toContain('/us-west-2/s3/');
      }
    },
  );

  test('what begins an object names its key, what goes on does not', async () => {
    answers(begun);
    for (const begin of [calls.put, calls.startUpload]) {
      asked.length = 0;
      await begin();
      expect(header('x-amz-server-side-encryption')).toBe('aws:kms');
      expect(header('x-amz-server-side-encryption-aws-kms-key-id')).toBe(keyArn);
    }
    asked.length = 0;
    answers(withHeaders({ etag: '"e1"' }));
    await calls.putPart();
    expect(header('x-amz-server-side-encryption')).toBeNull();
  });

  test('one that belongs to someone else is never written to, and the error names the account', async () => {
    answers(xmlError(403, 'AccessDenied'));
    const putting = other.put('k', 'x');
    await expect(putting).rejects.toThrow(Denied);
    await expect(putting).rejects.toThrow(/belongs to the account 210987654321/);
  });

  test('a bucket that is in another region than was said is an error that says so, and may be mended', async () => {
    answers(xmlError(301, 'PermanentRedirect'));
    const putting = bucket.put('k', 'x');
    await expect(putting).rejects.toThrow(/deliveries is in another region .* Set its region/);
    await expect(putting).rejects.not.toThrow(PermanentError);
  });

  test('a bucket of our own names no account and no key', async () => {
    answers(begun);
    await bucket.startUpload('k');
    for (const name of ['x-amz-expected-bucket-owner', 'x-amz-server-side-encryption']) expect(header(name)).toBeNull();
    expect(header('authorization')).toContain('/eu-central-1/s3/');
  });
});

describe('Uploads that nobody has ended', () => {
  const one = (key: string, id: string) =>
    `<Upload><Key>${key}</Key><UploadId>${id}</UploadId><Initiated>2026-03-04T05:06:07.000Z</Initiated></Upload>`;

  test('are listed page by page from the marks that S3 gives', async () => {
    const first = `<EncodingType>url</EncodingType><IsTruncated>true</IsTruncated><NextKeyMarker>a%2Bb+c</NextKeyMarker><NextUploadIdMarker>2</NextUploadIdMarker>`;
    answers(
      xml(`<ListMultipartUploadsResult>${first}${one('a', '1')}${one('a%2Bb+c', '2')}</ListMultipartUploadsResult>`),
      xml(`<ListMultipartUploadsResult><IsTruncated>false</IsTruncated>${one('z', '3')}</ListMultipartUploadsResult>`),
    );
    const page = await bucket.listUploads({ prefix: 'x/', limit: 2 });
    const startedAt = new Date('2026-03-04T05:06:07.000Z');
    expect(page.uploads).toEqual([
      { key: 'a', uploadId: '1', startedAt },
      { key: 'a+b c', uploadId: '2', startedAt },
    ]);
    expect(page.next).toEqual({ key: 'a+b c', uploadId: '2' });
    const last = await bucket.listUploads({ prefix: 'x/', after: page.next });
    expect(last).toEqual({ uploads: [{ key: 'z', uploadId: '3', startedAt }] });
    const query = new URL(asked[1]?.path ?? '', 'http://host').searchParams;
    expect(Object.fromEntries(query)).toMatchObject({ prefix: 'x/', 'key-marker': 'a+b c', 'upload-id-marker': '2' });
  });

  test('that may not be listed name the permission', async () => {
    answers(xmlError(403, 'AccessDenied'));
    await expect(bucket.listUploads()).rejects.toThrow(/s3:ListBucketMultipartUploads/);
  });
});
