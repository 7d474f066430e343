import { expect, test } from 'vitest';
import { Conflict, Missing, Rejected } from '../../shared/errors.ts';
import { crc32cOf } from '../../shared/platform/crc32c.ts';
import type { Bucket } from '../../shared/platform/ports.ts';
import type { RememberedTransfer } from '../../shared/transfer/transfer.ts';
import { Crash, dyingBucket, honest, mebibyte, movie, sourceServer, transferWorld } from './transfer-world.ts';

const part = 8 * mebibyte;
const ours = { metadata: { 'run-id': 'run-1', 'output-id': 'output-1' } };

async function world(bytes = 2 * part + 5) {
  const file = movie(bytes);
  const source = await sourceServer(honest(file));
  return { file, source, ...(await transferWorld(source)) };
}

/** The bucket, but the n-th of these calls goes as `does` says. */
function once<N extends 'putPart' | 'publish' | 'put'>(bucket: Bucket, name: N, n: number, does: Bucket[N]): Bucket {
  let seen = 0;
  const call = (...args: unknown[]) => {
    seen += 1;
    return (seen === n ? does : bucket[name])(...(args as [never, never, never]));
  };
  return { ...bucket, [name]: call };
}

const refuses = (error: Error) => () => Promise.reject(error);

test('an upload that a sibling published in the last moment is a success', async () => {
  const { attempt, bucket, file } = await world();
  const sibling: Bucket['publish'] = async (...args) => {
    await bucket.publish(...args);
    throw new Missing('There is no such upload.');
  };
  const copied = await attempt({}, { bucket: once(bucket, 'publish', 1, sibling) });
  expect(copied).toMatchObject({ outcome: 'already-there', bytes: file.length, checksum: { value: crc32cOf(file) } });
});

test('an upload that a sibling published while this one still sends is a success', async () => {
  const { attempt, bucket, memory, file, delivered } = await world();
  const putPart: Bucket['putPart'] = async (...args) => {
    await attempt({ remembered: memory.state });
    return bucket.putPart(...args);
  };
  const copied = await attempt({}, { bucket: once(bucket, 'putPart', 2, putPart) });
  expect(copied).toMatchObject({ outcome: 'already-there', checksum: { value: crc32cOf(file) } });
  expect((await delivered()).equals(file)).toBe(true);
});

test('the same object that landed under the key during the copy is the copy, and its own parts are freed', async () => {
  const { attempt, bucket, file } = await world();
  const remember = async () => void (await bucket.put('out/a.mp4', file, ours));
  expect(await attempt({ remember })).toMatchObject({ outcome: 'already-there', checksum: { value: crc32cOf(file) } });
  expect((await bucket.listUploads()).uploads).toEqual([]);
});

test('two writers that met at one key: the upload is begun anew', async () => {
  const { attempt, bucket, delivered, file } = await world();
  const conflicting = once(bucket, 'publish', 1, refuses(new Conflict('Two writers met.')));
  expect((await attempt({}, { bucket: conflicting })).outcome).toBe('copied');
  expect((await delivered()).equals(file)).toBe(true);
  expect((await bucket.listUploads()).uploads).toEqual([]);
});

test('a part that a sibling sent again meanwhile is published as it is now', async () => {
  const { attempt, bucket, delivered, file } = await world();
  // A store that encrypts gives the same bytes another tag each time.
  const publish: Bucket['publish'] = (upload, parts, options) =>
    bucket.publish(upload, [{ ...parts[0], etag: 'former' } as never, ...parts.slice(1)], options);
  expect((await attempt({}, { bucket: once(bucket, 'publish', 1, publish) })).outcome).toBe('copied');
  expect((await delivered()).equals(file)).toBe(true);
});

test('what the store found damaged is sent once more', async () => {
  const large = await world();
  const damaged = refuses(new Rejected('The store found other bytes.'));
  await large.attempt({}, { bucket: once(large.bucket, 'putPart', 2, damaged) });
  expect((await large.delivered()).equals(large.file)).toBe(true);
  const small = await world(1000);
  await small.attempt({}, { bucket: once(small.bucket, 'put', 1, damaged) });
  expect((await small.delivered()).equals(small.file)).toBe(true);
});

test('each part and the whole go with their checksums', async () => {
  const { attempt, bucket, file } = await world();
  const given: unknown[] = [];
  const seeing: Bucket = {
    ...bucket,
    putPart: (...args) => {
      given.push([args[1], args[3]?.crc32c === crc32cOf(args[2])]);
      return bucket.putPart(...args);
    },
    publish: (...args) => {
      given.push(args[2]);
      return bucket.publish(...args);
    },
  };
  await attempt({}, { bucket: seeing, connections: 1 });
  const whole = { crc32c: crc32cOf(file), ifAbsent: true };
  expect(given).toEqual([[1, true], [2, true], [3, true], whole]);
});

test('a store that tells no checksums is resumed all the same, by those that were noted', async () => {
  const { attempt, bucket, source, file, delivered } = await world(4 * part);
  const silent = (inner: Bucket): Bucket => ({
    ...inner,
    putPart: async (...args) => ({ ...(await inner.putPart(...args)), crc32c: undefined }),
    listParts: async (upload) => (await inner.listParts(upload)).map((each) => ({ ...each, crc32c: undefined })),
  });
  const dying = dyingBucket(silent(bucket), 'putPart', 3);
  await expect(attempt({}, { bucket: dying, connections: 1 })).rejects.toThrow(Crash);
  const before = source.bytesServed();
  expect((await attempt({}, { bucket: silent(bucket) })).checksum.value).toBe(crc32cOf(file));
  expect(source.bytesServed() - before).toBe(2 * part);
  expect((await delivered()).equals(file)).toBe(true);
});

test('a copy that an earlier version began is begun anew, and its parts are freed', async () => {
  const { attempt, bucket, file, delivered } = await world();
  const { uploadId } = await bucket.startUpload('out/a.mp4', ours);
  const { crc32c: _, ...former } = {
    key: 'out/a.mp4',
    uploadId,
    bytes: file.length,
    etag: '"x"',
    partBytes: part,
    crc32c: '',
  };
  const remembered = {
    ...former,
    contentType: 'video/mp4',
    extension: 'mp4',
    checksums: '',
  } as never as RememberedTransfer;
  expect((await attempt({ remembered })).outcome).toBe('copied');
  expect((await delivered()).equals(file)).toBe(true);
  expect((await bucket.listUploads()).uploads).toEqual([]);
});

test.each([1000, 2 * part])(
  'where a rule says so, what is there is written over (%i bytes), but not twice',
  async (bytes) => {
    const { attempt, bucket, delivered, file } = await world(bytes);
    await bucket.put('out/a.mp4', 'theirs', { metadata: { 'run-id': 'run-2' } });
    expect((await attempt({ overwrite: true })).outcome).toBe('copied');
    expect((await delivered()).equals(file)).toBe(true);
    expect((await attempt({ overwrite: true, remembered: undefined })).outcome).toBe('already-there');
  },
);

test.each([1000, 2 * part])('the storage class goes with the object (%i bytes)', async (bytes) => {
  const { attempt, bucket } = await world(bytes);
  await attempt({ storageClass: 'STANDARD_IA' });
  expect((await bucket.head('out/a.mp4'))?.storageClass).toBe('STANDARD_IA');
});

test.each([1000, 2 * part])(
  'two workers that may write over others write one object (%i bytes), not one over the other',
  async (bytes) => {
    const { attempt, bucket, file } = await world(bytes);
    const copies = [attempt({ overwrite: true }), attempt({ overwrite: true, remembered: undefined })];
    const outcomes = (await Promise.all(copies)).map(({ outcome, versionId }) => ({ outcome, versionId }));
    expect(outcomes.map(({ outcome }) => outcome).sort()).toEqual(['already-there', 'copied']);
    expect(new Set(outcomes.map(({ versionId }) => versionId)).size).toBe(1);
    expect((await bucket.head('out/a.mp4'))?.crc32c).toBe(crc32cOf(file));
  },
);
