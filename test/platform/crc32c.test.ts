import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { crc32cFromBase64, crc32cOf, crc32cToBase64, joinCrc32c } from '../../shared/platform/crc32c.ts';

const bytes = fc.uint8Array({ maxLength: 300 });
const fourGiB = 2 ** 32;

describe('CRC32C', () => {
  test.each([
    ['', '00000000'],
    ['123456789', 'e3069283'],
    ['hello', '9a71bb4c'],
  ])('of "%s" is the published one', (text, expected) => {
    expect(crc32cOf(Buffer.from(text))).toBe(expected);
  });

  test('of bytes behind others is that of both in a row', () => {
    fc.assert(
      fc.property(bytes, bytes, (first, second) => {
        const both = crc32cOf(Buffer.concat([first, second]));
        expect(joinCrc32c(crc32cOf(first), crc32cOf(second), second.byteLength)).toBe(both);
        expect(crc32cOf(second, crc32cOf(first))).toBe(both);
      }),
    );
  });

  test('is joined of any parts in any grouping, and of parts larger than any number of bits that a shift takes', () => {
    const [a, b, c] = ['a', 'bb', 'ccc'].map((text) => crc32cOf(Buffer.from(text))) as [string, string, string];
    for (const size of [3, fourGiB, fourGiB + 1, 5 * fourGiB + 12_345])
      expect(joinCrc32c(joinCrc32c(a, b, size), c, size)).toBe(joinCrc32c(a, joinCrc32c(b, c, size), 2 * size));
  });

  test('of more than 4 GiB of zeros is what counting them in halves gives', () => {
    let [zeros, size] = [crc32cOf(Buffer.alloc(1)), 1];
    for (; size < 2 * fourGiB; size *= 2) zeros = joinCrc32c(zeros, zeros, size);
    const first = crc32cOf(Buffer.from('first'));
    const halves = [size / 2, size / 2].reduce((crc) => joinCrc32c(crc, zerosOf(size / 2), size / 2), first);
    expect(joinCrc32c(first, zeros, size)).toBe(halves);
  });

  test('is read and written as HTTP headers carry it', () => {
    expect(crc32cToBase64('9a71bb4c')).toBe('mnG7TA==');
    expect(crc32cFromBase64('mnG7TA==')).toBe('9a71bb4c');
    for (const other of ['', 'mnG7TA==-3', 'mnG7', 'mnG7TA', 'mnG7TAAA', '9a71bb4c'])
      expect(crc32cFromBase64(other)).toBeUndefined();
  });
});

function zerosOf(size: number): string {
  let zeros = crc32cOf(Buffer.alloc(1));
  for (let done = 1; done < size; done *= 2) zeros = joinCrc32c(zeros, zeros, done);
  return zeros;
}
