import { createHash } from 'node:crypto';
import { createCRC32 } from 'hash-wasm';

/** A prime, so that no two stretches of a copy that a whole number of parts lies between are alike. */
const period = 33_554_467;

/**
 * The bytes of every object here: the same on each run, begun like an MP4, never alike at two offsets that a copier
 * could mix up, and cut from memory, so that serving them costs next to nothing.
 */
export function makeContent(): Buffer {
  const blocks: Buffer[] = [];
  for (let index = 0; blocks.length * 64 < period; index += 1)
    blocks.push(createHash('sha512').update(`tessera ${index}`).digest());
  const bytes = Buffer.concat(blocks).subarray(0, period);
  bytes.write('\0\0\0\x14ftypisom\0\0\0\0isom', 'latin1');
  return bytes;
}

/** The bytes from `first` on, as far as they lie in one piece, at most `most`. */
export function piece(content: Buffer, first: number, most: number): Buffer {
  const at = first % period;
  return content.subarray(at, Math.min(period, at + most));
}

/** CRC32C of an object of this size, in hexadecimal digits. */
export async function crc32cOfContent(content: Buffer, size: number): Promise<string> {
  const sum = await crc32cSum();
  for (let at = 0; at < size; ) {
    const bytes = piece(content, at, size - at);
    sum.update(bytes);
    at += bytes.length;
  }
  return sum.digest('hex');
}

/** Of another making than the product's own: what is measured does not judge itself. */
export async function crc32cSum() {
  const sum = await createCRC32(0x82f63b78);
  sum.init();
  return sum;
}
