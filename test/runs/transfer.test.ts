import { crc32 } from 'node:zlib';
import { expect, test } from 'vitest';
import { Rejected } from '../../shared/errors.ts';
import { abandonTransfer } from '../../shared/runs/transfer.ts';
import { honest, mebibyte, movie, sourceServer, transferWorld } from './transfer-world.ts';

const crcOf = (file: Buffer): string => crc32(file).toString(16).padStart(8, '0');

test('a small file is stored in one piece with what identifies it', async () => {
  const file = movie(300_001);
  const source = await sourceServer(honest(file));
  const { attempt, delivered, bucket, memory } = await transferWorld(source);

  const copied = await attempt();

  expect(copied).toMatchObject({
    outcome: 'copied',
    key: 'out/a.mp4',
    bytes: file.length,
    checksum: { algorithm: 'crc32', value: crcOf(file) },
    contentType: 'video/mp4',
    extension: 'mp4',
  });
  expect((await delivered()).equals(file)).toBe(true);
  const head = await bucket.head('out/a.mp4');
  expect(head?.metadata).toEqual({ 'run-id': 'run-1', 'output-id': 'output-1', crc32: crcOf(file) });
  expect(head?.contentType).toBe('video/mp4');
  expect(memory.state).toBeUndefined();
});

test('a large file arrives in parts, read once', async () => {
  const file = movie(20 * mebibyte + 5);
  const source = await sourceServer(honest(file));
  const { attempt, delivered, bucket } = await transferWorld(source);
  const beats: number[] = [];

  const copied = await attempt({ heartbeat: ({ bytes }) => void beats.push(bytes) });

  expect(copied).toMatchObject({ outcome: 'copied', bytes: file.length, checksum: { value: crcOf(file) } });
  expect((await delivered()).equals(file)).toBe(true);
  expect((await bucket.head('out/a.mp4'))?.metadata).toEqual({ 'run-id': 'run-1', 'output-id': 'output-1' });
  expect(source.asked).toEqual([{ path: '/renders/a.mp4?signature=TOPSECRET', range: 'bytes=0-', ifMatch: undefined }]);
  expect(beats.sort((a, b) => a - b).at(-1)).toBe(file.length);
});

test('a file of exactly one part arrives', async () => {
  const file = movie(8 * mebibyte);
  const { attempt, delivered } = await transferWorld(await sourceServer(honest(file)));
  expect((await attempt()).checksum.value).toBe(crcOf(file));
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
  const intruder = { metadata: { 'run-id': 'run-1', 'output-id': 'output-1' } };
  const copying = attempt({ heartbeat: async () => void (await bucket.put('out/a.mp4', 'theirs', intruder)) });
  await expect(copying).rejects.toThrow('it has 6 bytes, not 12582912');
  expect(String(await delivered())).toBe('theirs');
  const { key = '', uploadId = '' } = memory.state ?? {};
  await expect(bucket.listParts({ key, uploadId })).rejects.toThrow('no unfinished upload');
});

test('giving up frees the parts that have arrived', async () => {
  const source = await sourceServer(honest(movie(20 * mebibyte)));
  const { attempt, bucket, memory } = await transferWorld(source);
  await expect(attempt({ heartbeat: () => Promise.reject(new Error('stopped')) })).rejects.toThrow('stopped');
  if (!memory.state) throw new Error('Nothing was remembered.');
  expect((await bucket.listParts(memory.state)).length).toBeGreaterThan(0);
  await abandonTransfer(bucket, memory.state);
  await expect(bucket.listParts(memory.state)).rejects.toThrow('no unfinished upload');
});
