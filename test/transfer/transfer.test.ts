import { expect, test } from 'vitest';
import { Rejected } from '../../shared/errors.ts';
import { crc32cOf } from '../../shared/platform/crc32c.ts';
import { abandonTransfer, type TransferJob } from '../../shared/transfer/transfer.ts';
import { Crash, dyingBucket, etagOf, honest, mebibyte, movie, sourceServer, transferWorld } from './transfer-world.ts';

test('a small file is stored in one piece with what identifies it', async () => {
  const file = movie(300_001);
  const source = await sourceServer(honest(file));
  const { attempt, delivered, bucket, memory } = await transferWorld(source);

  const copied = await attempt();

  expect(copied).toMatchObject({
    outcome: 'copied',
    key: 'out/a.mp4',
    bytes: file.length,
    checksum: { algorithm: 'crc32c', value: crc32cOf(file) },
    contentType: 'video/mp4',
    extension: 'mp4',
  });
  expect((await delivered()).equals(file)).toBe(true);
  const head = await bucket.head('out/a.mp4');
  expect(head?.metadata).toEqual({ 'run-id': 'run-1', 'output-id': 'output-1' });
  expect(head?.crc32c).toBe(crc32cOf(file));
  expect(head?.contentType).toBe('video/mp4');
  expect(memory.state).toBeUndefined();
});

test('a large file arrives in parts, read once', async () => {
  const file = movie(20 * mebibyte + 5);
  const source = await sourceServer(honest(file));
  const { attempt, delivered, bucket } = await transferWorld(source);

  const copied = await attempt();

  expect(copied).toMatchObject({ outcome: 'copied', bytes: file.length, checksum: { value: crc32cOf(file) } });
  expect((await delivered()).equals(file)).toBe(true);
  expect((await bucket.head('out/a.mp4'))?.metadata).toEqual({ 'run-id': 'run-1', 'output-id': 'output-1' });
  expect(source.bytesServed()).toBe(file.length);
  const [opening, ...others] = source.asked;
  expect(opening).toEqual({ path: '/renders/a.mp4?signature=TOPSECRET', range: 'bytes=0-2097151', ifMatch: undefined });
  expect(others.every(({ ifMatch }) => ifMatch === etagOf(file))).toBe(true);
});

test('a file of exactly one part arrives', async () => {
  const file = movie(8 * mebibyte);
  const { attempt, delivered } = await transferWorld(await sourceServer(honest(file)));
  expect((await attempt()).checksum.value).toBe(crc32cOf(file));
  expect((await delivered()).equals(file)).toBe(true);
});

test('the extension comes from the bytes, not from the link or its type', async () => {
  const file = movie(1000);
  file.write('ftypqt  ', 4, 'latin1');
  const { attempt } = await transferWorld(await sourceServer(honest(file, { type: 'application/octet-stream' })));
  expect(await attempt()).toMatchObject({ key: 'out/a.mov', contentType: 'video/quicktime', extension: 'mov' });
});

test.each([1, 12])('a second copy of %i MiB finds the first', async (size) => {
  const file = movie(size * mebibyte);
  const source = await sourceServer(honest(file));
  const { attempt } = await transferWorld(source);
  const first = await attempt();
  const again = await attempt({ remembered: undefined });
  expect(again).toEqual({ ...first, outcome: 'already-there' });
});

test.each([1, 12])('an object of someone else under the key is never overwritten (%i MiB)', async (size) => {
  const { attempt, bucket, delivered } = await transferWorld(await sourceServer(honest(movie(size * mebibyte))));
  await bucket.put('out/a.mp4', 'theirs', { metadata: { 'run-id': 'run-2', 'output-id': 'output-1' } });
  await expect(attempt()).rejects.toThrow(Rejected);
  await expect(attempt()).rejects.toThrow(
    'out/a.mp4 in deliveries is taken by another object: it is not from this run',
  );
  expect(String(await delivered())).toBe('theirs');
});

test('an object that lands under the key during the copy is compared, not overwritten', async () => {
  const file = movie(12 * mebibyte);
  const { attempt, bucket, delivered, memory } = await transferWorld(await sourceServer(honest(file)));
  const remember: TransferJob['remember'] = async (state) => {
    memory.state = state;
    await bucket.put('out/a.mp4', 'theirs', { metadata: { 'run-id': 'run-2', 'output-id': 'output-1' } });
  };
  await expect(attempt({ remember })).rejects.toThrow('it is not from this run');
  expect(String(await delivered())).toBe('theirs');
  const { key = '', uploadId = '' } = memory.state ?? {};
  await expect(bucket.listParts({ key, uploadId })).rejects.toThrow('no unfinished upload');
});

test.each([1, 12])('what an attempt published stays when its source is made anew (%i MiB)', async (size) => {
  const [file, other] = [movie(size * mebibyte), movie(size * mebibyte + 5, 2)];
  const served = { file };
  const source = await sourceServer((...answer) => honest(served.file)(...answer));
  const { attempt, delivered } = await transferWorld(source);
  await attempt();
  served.file = other;
  // It stopped before it could note that.
  const again = await attempt({ remembered: undefined });
  expect(again).toMatchObject({ outcome: 'already-there', bytes: file.length, checksum: { value: crc32cOf(file) } });
  expect((await delivered()).equals(file)).toBe(true);
});

test('giving up frees the parts that have arrived', async () => {
  const source = await sourceServer(honest(movie(20 * mebibyte)));
  const { attempt, bucket, memory } = await transferWorld(source);
  await expect(attempt({}, { bucket: dyingBucket(bucket, 'putPart', 3) })).rejects.toThrow(Crash);
  if (!memory.state) throw new Error('Nothing was remembered.');
  expect((await bucket.listParts(memory.state)).length).toBeGreaterThan(0);
  await abandonTransfer(bucket, memory.state);
  await expect(bucket.listParts(memory.state)).rejects.toThrow('no unfinished upload');
});
