import { expect, test } from 'vitest';
import { PermanentError } from '../../shared/errors.ts';
import { crc32cOf, crc32cToBase64 } from '../../shared/platform/crc32c.ts';
import { type HandedOver, type PartMemory, partMemory } from '../../shared/transfer/transfer.ts';
import { etagOf, honest, mebibyte, movie, sourceServer, transferWorld } from './transfer-world.ts';

const part = 8 * mebibyte;

/** A clock that goes on by so much each time somebody looks at it. */
const steppingClock = (stepMs: number) => {
  let now = 0;
  return () => {
    now += stepMs;
    return now;
  };
};

/** Counts what is taken and not given back. */
function counted(maxBytes: number) {
  const inner = partMemory(maxBytes);
  const seen = { taken: 0, most: 0 };
  const memory: PartMemory = {
    maxBytes,
    take: async (bytes) => {
      const buffer = await inner.take(bytes);
      seen.taken += bytes;
      seen.most = Math.max(seen.most, seen.taken);
      return buffer;
    },
    release: (buffer) => {
      seen.taken -= buffer.byteLength;
      inner.release(buffer);
    },
    forgo: inner.forgo,
  };
  return { memory, seen };
}

test('a slice that is over hands over what has arrived, and the next ones bring the rest, each byte once', async () => {
  const file = movie(5 * part + 9);
  const source = await sourceServer(honest(file));
  const { slice, delivered, bucket } = await transferWorld(source);
  const ends: number[] = [];
  for (let number = 1; number < 9; number += 1) {
    const ended = await slice({ deadlineMs: 1 }, { clock: steppingClock(1), connections: 1 });
    if (ended.outcome === 'copied') {
      expect(ended.checksum.value).toBe(crc32cOf(file));
      break;
    }
    expect(await bucket.head('out/a.mp4')).toBeUndefined();
    ends.push((ended as HandedOver).bytes);
  }
  expect(ends).toEqual([1, 2, 3, 4, 5].map((parts) => parts * part));
  expect(source.bytesServed()).toBe(file.length);
  expect((await delivered()).equals(file)).toBe(true);
});

test('a source that is wrong twice is given up, also where a slice cannot read it to its end', async () => {
  const headers = { 'x-goog-hash': `crc32c=${crc32cToBase64(crc32cOf(movie(5)))}` };
  const source = await sourceServer(honest(movie(3 * part), { headers }));
  const { slice, bucket } = await transferWorld(source);
  const ended: string[] = [];
  for (let number = 1; number < 20 && ended.at(-1) !== 'refused'; number += 1)
    ended.push(
      await slice({ deadlineMs: 1 }, { clock: steppingClock(1), connections: 1 }).then(
        ({ outcome }) => outcome,
        (error) => (error instanceof PermanentError ? 'refused' : String(error)),
      ),
    );
  expect(ended.filter((end) => end !== 'handed-over')).toEqual(['refused']);
  expect(source.bytesServed()).toBeLessThanOrEqual(2 * 3 * part + 4 * mebibyte);
  expect(await bucket.head('out/a.mp4')).toBeUndefined();
});

test('what is under way when a slice ends still arrives', async () => {
  const file = movie(6 * part);
  const source = await sourceServer(honest(file));
  const { slice, delivered } = await transferWorld(source);
  const begun = performance.now();
  // The clock jumps over the deadline once three parts have been asked for.
  const clock = () => (source.asked.length < 4 ? begun : begun + 1000);
  const ended = await slice({ deadlineMs: begun + 500 }, { clock, connections: 2 });
  expect(ended.outcome).toBe('handed-over');
  expect(source.bytesServed()).toBe((ended as HandedOver).bytes);
  expect((await slice()).outcome).toBe('copied');
  expect((await delivered()).equals(file)).toBe(true);
});

test.each([
  ['an ETag but no ranges', (file: Buffer) => ({ etag: etagOf(file) })],
  ['neither', () => ({})],
])('a source with %s is read to its end whatever the slice: it could not be gone on with', async (_, headers) => {
  const file = movie(3 * part);
  const source = await sourceServer((_request, response) => {
    response.writeHead(200, { 'content-length': file.length, ...headers(file) }).end(file);
  });
  const { slice, delivered } = await transferWorld(source);
  expect((await slice({ deadlineMs: 1 }, { clock: steppingClock(1) })).outcome).toBe('copied');
  expect((await delivered()).equals(file)).toBe(true);
});

/** Ends each slice once it has sent so many parts. */
async function slicesWithoutRanges(headers: (file: Buffer) => Record<string, string>) {
  const file = movie(6 * part);
  const source = await sourceServer((_request, response) => {
    response.writeHead(200, { 'content-length': file.length, ...headers(file) }).end(file);
  });
  const { slice, delivered, bucket } = await transferWorld(source);
  const one = (parts: number) => {
    let sent = 0;
    const putPart: typeof bucket.putPart = async (...args) => {
      const put = await bucket.putPart(...args);
      sent += 1;
      return put;
    };
    const clock = () => (sent < parts ? 0 : 1000);
    return slice({ deadlineMs: 1, endMs: 1000 }, { bucket: { ...bucket, putPart }, clock, memory: partMemory(part) });
  };
  return { one, bucket, file, delivered };
}

test('a large source without ranges is handed over when its worker is about to be ended, as long as slices get further', async () => {
  const { one, file, delivered } = await slicesWithoutRanges((bytes) => ({ etag: etagOf(bytes) }));
  const first = (await one(2)) as HandedOver;
  expect(first).toMatchObject({ outcome: 'handed-over', ofBytes: file.length });
  const second = (await one(2)) as HandedOver;
  expect(second.bytes).toBeGreaterThan(first.bytes);
  // Here all of the time goes for what has arrived before.
  await expect(one(0)).rejects.toThrow(/had arrived when the time of this worker was over.* ranges/);
  expect((await one(9)).outcome).toBe('copied');
  expect((await delivered()).equals(file)).toBe(true);
});

test('a large source without ranges or ETag that does not fit into the time of a worker fails in words', async () => {
  const { one, bucket, file, delivered } = await slicesWithoutRanges(() => ({}));
  for (const parts of [2, 3]) await expect(one(parts)).rejects.toThrow('when the time of this worker was over');
  expect(await bucket.head('out/a.mp4')).toBeUndefined();
  expect((await one(9)).outcome).toBe('copied');
  expect((await delivered()).equals(file)).toBe(true);
  expect((await bucket.listUploads()).uploads).toEqual([]);
});

test('signs of life are given while a slow part is read, none within ten seconds of another', async () => {
  const source = await sourceServer(honest(movie(2 * part)));
  const { attempt } = await transferWorld(source);
  let now = 0;
  const beats: { now: number; bytes: number }[] = [];
  const clock = () => {
    now += 1500;
    return now;
  };
  await attempt({ heartbeat: ({ bytes }) => void beats.push({ now, bytes }) }, { clock });
  expect(beats.some(({ bytes }) => bytes === 0)).toBe(true);
  expect(beats.length).toBeGreaterThan(2);
  const pauses = beats.slice(1).map((beat, at) => beat.now - (beats[at]?.now ?? 0));
  expect(Math.min(...pauses)).toBeGreaterThanOrEqual(10_000);
});

test('a sign of life that cannot be given ends the copy, and all memory is given back', async () => {
  const { memory, seen } = counted(4 * part);
  const { attempt, bucket } = await transferWorld(await sourceServer(honest(movie(4 * part))));
  const heartbeat = () => Promise.reject(new Error('The message is not ours any more.'));
  await expect(attempt({ heartbeat }, { clock: steppingClock(11_000), memory })).rejects.toThrow('not ours any more');
  expect(seen.taken).toBe(0);
  expect(await bucket.head('out/a.mp4')).toBeUndefined();
});

test('copies that share their memory stay within it together', async () => {
  const { memory, seen } = counted(3 * part);
  const files = [movie(3 * part, 1), movie(2 * part, 2), movie(100_000, 3)];
  const worlds = await Promise.all(files.map(async (file) => transferWorld(await sourceServer(honest(file)))));
  await Promise.all(worlds.map(({ attempt }) => attempt({}, { memory })));
  expect(seen.most).toBeLessThanOrEqual(3 * part);
  expect(seen.taken).toBe(0);
  const delivered = await Promise.all(worlds.map((world) => world.delivered()));
  expect(delivered.every((bytes, at) => bytes.equals(files[at] as Buffer))).toBe(true);
});

test('a part that the memory has no room for is read all the same, alone', async () => {
  const { attempt } = await transferWorld(await sourceServer(honest(movie(2 * part))));
  expect((await attempt({}, { memory: partMemory(1) })).outcome).toBe('copied');
});
