import { expect, test } from 'vitest';
import { partMemory } from '../../shared/transfer/part-memory.ts';
import { layoutOf, partCount, stretchesOf } from '../../shared/transfer/parts.ts';
import { honest, mebibyte, movie, sourceServer, transferWorld } from './transfer-world.ts';

const gibibyte = 1024 * mebibyte;

test.each([
  [8 * mebibyte, 8],
  [5 * gibibyte, 8],
  [60 * gibibyte, 13],
  [300 * gibibyte, 32],
])('%i bytes go in parts of %i MiB', (bytes, expected) => {
  const layout = layoutOf(bytes);
  expect(layout.partBytes).toBe(expected * mebibyte);
  expect(partCount(layout)).toBeLessThanOrEqual(10_000);
});

test('more than 10,000 parts can hold is refused', () => {
  expect(() => layoutOf(320_001 * mebibyte)).toThrow('at most 320000 MiB');
});

test('a large file is read by the part, a small one by stretches of its parts, so that all connections are busy', () => {
  const read = (bytes: number, begun?: number) => {
    const layout = layoutOf(bytes);
    const numbers = Array.from({ length: partCount(layout) }, (_, at) => at + 1);
    return stretchesOf(layout, numbers, { connections: 12, begun });
  };
  expect(read(5 * gibibyte)).toHaveLength(640);
  const stretches = read(20 * mebibyte, 2 * mebibyte);
  expect(stretches.length).toBeGreaterThanOrEqual(10);
  // In order and without a gap.
  let at = 0;
  for (const { first, size } of stretches) {
    expect(first).toBe(at);
    at += size;
  }
  expect(at).toBe(20 * mebibyte);
});

test('parts are sent while the next are read, and memory bounds how many', async () => {
  const { attempt, bucket, delivered } = await transferWorld(await sourceServer(honest(movie(6 * 8 * mebibyte))));
  let started = 0;
  let inFlight = 0;
  let most = 0;
  const waiting: (() => void)[] = [];
  const putPart: typeof bucket.putPart = async (...args) => {
    started += 1;
    inFlight += 1;
    most = Math.max(most, inFlight);
    // Each three go on together, so this ends only when three are under way at once.
    if (started % 3 === 0) for (const goOn of waiting.splice(0)) goOn();
    else await new Promise<void>((resolve) => waiting.push(resolve));
    const part = await bucket.putPart(...args);
    inFlight -= 1;
    return part;
  };
  await attempt({}, { bucket: { ...bucket, putPart }, memory: partMemory(3 * 8 * mebibyte) });
  expect(most).toBe(3);
  expect((await delivered()).length).toBe(6 * 8 * mebibyte);
});

test('buffers are used again, and those that wait get theirs in turn', async () => {
  const memory = partMemory(20);
  const first = await memory.take(10);
  await memory.take(10);
  const given: number[] = [];
  const waiting = [10, 15].map((bytes) =>
    memory.take(bytes).then((buffer) => {
      given.push(buffer.byteLength);
      return buffer;
    }),
  );
  memory.release(first);
  const third = await waiting[0];
  expect(third).toBe(first);
  expect(given).toEqual([10]);
  memory.release(third as Buffer);
  memory.release(Buffer.alloc(10));
  expect((await waiting[1])?.byteLength).toBe(15);
  // One that is larger than all that is allowed is given when nothing else is taken.
  expect((await partMemory(5).take(9)).byteLength).toBe(9);
});
