import { createCRC32 } from 'hash-wasm';

/** Castagnoli's polynomial, bits in reverse: the checksum that both S3 and Google's storage keep of an object. */
const polynomial = 0x82f6_3b78;

const hasher = await createCRC32(polynomial);

/** Eight hexadecimal digits. With `before`, of the bytes that have this checksum and then these. */
export function crc32cOf(bytes: Uint8Array, before?: string): string {
  const own = hasher.init().update(bytes).digest();
  return before === undefined ? own : joinCrc32c(before, own, bytes.byteLength);
}

/** The checksum of two stretches of bytes, one behind the other, without looking at a byte of either. */
export function joinCrc32c(first: string, second: string, secondBytes: number): string {
  const moved = multiply(powerOfX(secondBytes), Number.parseInt(first, 16));
  return ((moved ^ Number.parseInt(second, 16)) >>> 0).toString(16).padStart(8, '0');
}

/** The form in which HTTP headers carry it. */
export const crc32cToBase64 = (hex: string): string => Buffer.from(hex, 'hex').toString('base64');

/** Undefined for what is no such checksum. */
export function crc32cFromBase64(text: string): string | undefined {
  const bytes = Buffer.from(text, 'base64');
  return /^[A-Za-z0-9+/]{6}==$/.test(text) && bytes.byteLength === 4 ? bytes.toString('hex') : undefined;
}

/**
 * Checksums are polynomials over one bit, the highest power in the lowest bit. Bytes that follow move those before up
 * by eight powers of x each, modulo the checksum's own polynomial.
 */
function multiply(a: number, b: number): number {
  let product = 0;
  for (let bit = 0x8000_0000, power = b; bit !== 0; bit >>>= 1) {
    if (a & bit) product ^= power;
    power = power & 1 ? (power >>> 1) ^ polynomial : power >>> 1;
  }
  return product >>> 0;
}

/** x to the power 8 · 2^n, for each n; a file has fewer than 2^53 bytes. */
const powers: number[] = [0x0080_0000];
for (let n = 1; n < 53; n++) powers.push(multiply(powers[n - 1] ?? 0, powers[n - 1] ?? 0));

function powerOfX(bytes: number): number {
  let product = 0x8000_0000;
  for (let n = 0, left = bytes; left > 0; n++, left = Math.floor(left / 2))
    if (left % 2 === 1) product = multiply(powers[n] ?? 0, product);
  return product;
}
