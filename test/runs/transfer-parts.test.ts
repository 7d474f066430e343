import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { crc32Of, joinCrc32 } from '../../shared/runs/transfer-checksum.ts';
import { containerOf } from '../../shared/runs/transfer-container.ts';
import { missingRange, partBytesFor, partCount } from '../../shared/runs/transfer-parts.ts';
import { honest, mebibyte, movie, sourceServer, transferWorld } from './transfer-world.ts';

test('the checksum of a whole follows from those of its pieces', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 5000 }), fc.uint8Array({ maxLength: 5000 }), (first, second) => {
      const whole = crc32(Buffer.concat([first, second]))
        .toString(16)
        .padStart(8, '0');
      expect(joinCrc32(crc32Of(first), crc32Of(second), second.length)).toBe(whole);
      expect(crc32Of(second, crc32Of(first))).toBe(whole);
    }),
  );
});

test('lengths beyond 32 bits are joined too', () => {
  const first = crc32Of(Buffer.from('tessera'));
  const zeros = crc32Of(Buffer.alloc(mebibyte));
  const times = (count: number): string =>
    Array.from({ length: count }).reduce<string>((sum) => joinCrc32(sum, zeros, mebibyte), '00000000');
  const inTwoSteps = joinCrc32(joinCrc32(first, times(3000), 3000 * mebibyte), times(2000), 2000 * mebibyte);
  expect(joinCrc32(first, times(5000), 5000 * mebibyte)).toBe(inTwoSteps);
});

test.each([
  [1, 8],
  [5 * 1024 * mebibyte, 26],
  [300 * 1024 * mebibyte, 32],
])('%i bytes go in parts of %i MiB', (bytes, expected) => {
  expect(partBytesFor(bytes)).toBe(expected * mebibyte);
  expect(partCount({ bytes, partBytes: partBytesFor(bytes) })).toBeLessThanOrEqual(10_000);
});

test('more than 10,000 parts can hold is refused', () => {
  expect(() => partBytesFor(320_001 * mebibyte)).toThrow('at most 320000 MiB');
});

test('what is missing is asked for in as few ranges as there are gaps', () => {
  const layout = { bytes: 45, partBytes: 10 };
  expect(missingRange(layout, new Set())).toEqual([0, 44]);
  expect(missingRange(layout, new Set([1, 4]))).toEqual([10, 29]);
  expect(missingRange(layout, new Set([1, 2, 3, 4]))).toEqual([40, 44]);
  expect(missingRange(layout, new Set([1, 2, 3, 4, 5]))).toBeUndefined();
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
  const maxMemoryBytes = 3 * 8 * mebibyte;
  await attempt({}, { bucket: { ...bucket, putPart }, maxMemoryBytes });
  expect(most).toBe(3);
  expect((await delivered()).length).toBe(6 * 8 * mebibyte);
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
