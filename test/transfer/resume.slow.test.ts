import { expect, test } from 'vitest';
import { crc32cOf } from '../../shared/platform/crc32c.ts';
import type { Bucket } from '../../shared/platform/ports.ts';
import { Crash, dyingBucket, etagOf, honest, mebibyte, movie, sourceServer, transferWorld } from './transfer-world.ts';

const part = 8 * mebibyte;

/** One connection, so that parts arrive in order, and dies when the n-th part is about to be sent. */
const dieAtPart = (bucket: Bucket, n: number) => ({ bucket: dyingBucket(bucket, 'putPart', n), connections: 1 });

test('after a crash only what has not arrived is read again', async () => {
  const file = movie(5 * part + 17);
  const source = await sourceServer(honest(file));
  const { attempt, delivered, memory, bucket } = await transferWorld(source);
  await expect(attempt({}, dieAtPart(bucket, 4))).rejects.toThrow(Crash);
  if (!memory.state) throw new Error('Nothing was remembered.');
  const arrived = await bucket.listParts(memory.state);
  expect(arrived.map(({ partNumber }) => partNumber)).toEqual([1, 2, 3]);
  expect(await bucket.head('out/a.mp4')).toBeUndefined();
  const before = source.bytesServed();

  const copied = await attempt({}, { connections: 1 });

  expect(copied).toMatchObject({ outcome: 'copied', checksum: { value: crc32cOf(file) } });
  expect((await delivered()).equals(file)).toBe(true);
  expect(source.bytesServed() - before).toBe(file.length - 3 * part);
  expect(source.asked.slice(-3)).toMatchObject([
    { range: `bytes=${3 * part}-${4 * part - 1}`, ifMatch: etagOf(file) },
    { range: `bytes=${4 * part}-${5 * part - 1}`, ifMatch: etagOf(file) },
    { range: `bytes=${5 * part}-${file.length - 1}`, ifMatch: etagOf(file) },
  ]);
});

test('gaps between parts that have arrived are filled, each with one request', async () => {
  const file = movie(5 * part + 17);
  const source = await sourceServer(honest(file));
  const { attempt, delivered, memory, bucket } = await transferWorld(source);
  // Parts 2 and 5 are refused once the others have arrived, so an attempt ends with 1, 3, 4 and 6 there.
  let othersArrived = () => {};
  const others = new Promise<void>((resolve) => {
    othersArrived = resolve;
  });
  let count = 0;
  const refusing = {
    ...bucket,
    putPart: async (...args: Parameters<typeof bucket.putPart>) => {
      if (args[1] === 2 || args[1] === 5) {
        await others;
        throw new Error('slow down');
      }
      const arrived = await bucket.putPart(...args);
      count += 1;
      if (count === 4) othersArrived();
      return arrived;
    },
  };
  await expect(attempt({}, { bucket: refusing })).rejects.toThrow('slow down');
  if (!memory.state) throw new Error('Nothing was remembered.');
  const arrived = new Set((await bucket.listParts(memory.state)).map(({ partNumber }) => partNumber));
  const asked = source.asked.length;
  const before = source.bytesServed();

  const copied = await attempt({}, { connections: 1 });

  expect(copied.checksum.value).toBe(crc32cOf(file));
  expect((await delivered()).equals(file)).toBe(true);
  const missing = [1, 2, 3, 4, 5, 6].filter((n) => !arrived.has(n));
  expect(missing).toEqual([2, 5]);
  expect(source.bytesServed() - before).toBe(
    missing.reduce((sum, n) => sum + Math.min(part, file.length - (n - 1) * part), 0),
  );
  expect(source.asked.slice(asked)).toHaveLength(missing.length);
  expect(source.asked.slice(asked).every(({ ifMatch }) => ifMatch === etagOf(file))).toBe(true);
});

test('a crash between publishing and writing it down costs no second reading', async () => {
  const file = movie(2 * part + 9);
  const source = await sourceServer(honest(file));
  const { attempt, memory } = await transferWorld(source);
  const first = await attempt();
  const before = source.asked.length;
  const again = await attempt({ remembered: memory.state, openLinkNow: () => Promise.reject(new Error('not needed')) });
  expect(again).toEqual({ ...first, outcome: 'already-there' });
  expect(source.asked).toHaveLength(before);
});

test('an upload that was cleaned up meanwhile is begun anew', async () => {
  const file = movie(2 * part + 9);
  const { attempt, memory, bucket, delivered } = await transferWorld(await sourceServer(honest(file)));
  await expect(attempt({}, dieAtPart(bucket, 2))).rejects.toThrow(Crash);
  if (memory.state) await bucket.abandon(memory.state);
  expect((await attempt()).outcome).toBe('copied');
  expect((await delivered()).equals(file)).toBe(true);
});

test('a source that changed between attempts is copied anew, and no byte of the old one stays', async () => {
  const source = await sourceServer(honest(movie(3 * part, 1)));
  const { attempt, memory, bucket, delivered } = await transferWorld(source);
  await expect(attempt({}, dieAtPart(bucket, 3))).rejects.toThrow(Crash);
  const old = memory.state;
  const changed = movie(3 * part, 2);
  source.answerWith(honest(changed));

  const copied = await attempt();

  expect(copied.checksum.value).toBe(crc32cOf(changed));
  expect((await delivered()).equals(changed)).toBe(true);
  if (old) await expect(bucket.listParts(old)).rejects.toThrow('no unfinished upload');
});

test('without a strong ETag nothing is resumed', async () => {
  const file = movie(2 * part + 9);
  const source = await sourceServer(honest(file, { etag: 'W/"1"' }));
  const { attempt, bucket, delivered } = await transferWorld(source);
  await expect(attempt({}, dieAtPart(bucket, 2))).rejects.toThrow(Crash);
  const before = source.bytesServed();
  expect((await attempt()).outcome).toBe('copied');
  // The opening, and then everything in one answer.
  expect(source.bytesServed() - before).toBe(2 * mebibyte + file.length);
  expect((await delivered()).equals(file)).toBe(true);
});

test('two workers on the same copy end with one whole object', async () => {
  const file = movie(3 * part + 1);
  const { attempt, memory, bucket, delivered } = await transferWorld(await sourceServer(honest(file)));
  await expect(attempt({}, dieAtPart(bucket, 2))).rejects.toThrow(Crash);
  const state = memory.state;
  const outcomes = await Promise.all([attempt({ remembered: state }), attempt({ remembered: state })]);
  expect(outcomes.map(({ outcome }) => outcome).sort()).toEqual(['already-there', 'copied']);
  expect(outcomes.every(({ checksum }) => checksum.value === crc32cOf(file))).toBe(true);
  expect((await delivered()).equals(file)).toBe(true);
});
