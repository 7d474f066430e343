import { expect, test } from 'vitest';
import { containerOf } from '../../shared/runs/transfer-container.ts';
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
  memory.refundEstimate(first);
  const third = await waiting[0];
  expect(third).toBe(first);
  expect(given).toEqual([10]);
  memory.refundEstimate(third as Buffer);
  memory.refundEstimate(Buffer.alloc(10));
  expect((await waiting[1])?.byteLength).toBe(15);
  // One that is larger than all that is allowed is given when nothing else is taken.
  expect((await partMemory(5).take(9)).byteLength).toBe(9);
});

const text = (latin1: string): Buffer => Buffer.concat([Buffer.from(latin1, 'latin1'), Buffer.alloc(600)]);
const stream = Buffer.alloc(188 * 4);
for (const at of [0, 188, 376, 564]) stream[at] = 0x47;

test.each([
  ['mp4', 'video/mp4', text('\0\0\0\x20ftypisom')],
  ['mov', 'video/quicktime', text('\0\0\0\x14ftypqt  ')],
  ['mov', 'video/quicktime', text('\0\0\0\x08wide')],
  ['m4a', 'audio/mp4', text('\0\0\0\x20ftypM4A ')],
  ['3gp', 'video/3gpp', text('\0\0\0\x20ftyp3gp5')],
  ['webm', 'video/webm', text('\x1aE\xdf\xa3\x9fB\x86\x81\x01B\x82\x84webm')],
  ['mkv', 'video/x-matroska', text('\x1aE\xdf\xa3\xa3B\x86\x81\x01B\x82\x88matroska')],
  ['avi', 'video/x-msvideo', text('RIFF\0\0\0\0AVI LIST')],
  ['wav', 'audio/wav', text('RIFF\0\0\0\0WAVEfmt ')],
  ['webp', 'image/webp', text('RIFF\0\0\0\0WEBPVP8 ')],
  ['ts', 'video/mp2t', stream],
  ['gif', 'image/gif', text('GIF89a')],
  ['png', 'image/png', text('\x89PNG\r\n\x1a\n')],
  ['jpg', 'image/jpeg', text('\xff\xd8\xff\xe0')],
  ['zip', 'application/zip', text('PK\x03\x04')],
  ['mp3', 'audio/mpeg', text('ID3\x04')],
])('%s (%s) is known by its first bytes', (extension, contentType, head) => {
  expect(containerOf(head)).toEqual({ extension, contentType });
});

test.each(['', '<!doctype html>', '{"detail":"no"}', 'G is for text', '\0\0\0\0'])(
  '%j is of no known format',
  (head) => {
    expect(containerOf(text(head))).toBeUndefined();
  },
);
