import { crc32 } from 'node:zlib';

/** CRC-32 of bytes, as eight hexadecimal digits; `before` continues one. */
export const crc32Of = (bytes: Uint8Array, before = '00000000'): string =>
  bytes.length === 0 ? before : hex(crc32(bytes, parse(before)));

/** CRC-32 of two stretches of bytes in a row, from their own and the second one's length. */
export function joinCrc32(first: string, second: string, secondBytes: number): string {
  return hex((multiply(powerOfX(secondBytes), parse(first)) ^ parse(second)) >>> 0);
}

const parse = (text: string): number => Number.parseInt(text, 16);
const hex = (value: number): string => value.toString(16).padStart(8, '0');

// A CRC is a remainder modulo this polynomial over GF(2), written with x^0 in the highest bit. Appending n bytes
// multiplies by x^(8n); what comes after is added.
const polynomial = 0xedb88320;
const one = 0x80000000;

function multiply(a: number, b: number): number {
  let product = 0;
  for (let bit = one, shifted = b; bit !== 0; bit >>>= 1) {
    if (a & bit) product ^= shifted;
    shifted = shifted & 1 ? (shifted >>> 1) ^ polynomial : shifted >>> 1;
  }
  return product >>> 0;
}

/** x^(8 · bytes), by squaring. */
function powerOfX(bytes: number): number {
  let power = one;
  let square = one >>> 8;
  // Lengths pass 32 bits, so no bit operators here.
  for (let left = bytes; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) power = multiply(square, power);
    square = multiply(square, square);
  }
  return power;
}
