import { InvalidInput } from '../errors.ts';
import { wasReplaced } from '../platform/object-version.ts';
import type { Bucket, Clock, ObjectBody } from '../platform/ports.ts';

/** The object's bytes are others by now. */
export class Replaced extends Error {
  override name = 'Replaced';
}

/** Enough was read: what needs more cannot be measured. */
export class TooMuch extends Error {
  override name = 'TooMuch';
}

/** The object version to read. */
export interface ObjectRead {
  readonly key: string;
  readonly versionId?: string;
  readonly etag?: string;
  readonly size?: number;
}

export interface Ranges {
  readonly size: number;
  readonly clock: Clock;
  /** From the first byte to before the last. */
  read(from: number, to: number): Promise<Uint8Array>;
}

const replaced = 'it was replaced while it was read; what replaced it has a run of its own.';
const pieceBytes = 256 * 1024;
const mostBytes = 8 * 1024 ** 2;
const mostRequests = 24;
const mostMs = 20_000;

/** Reads parts of one object version, within bounds that no file can make it leave, and each part once. */
export function openRanges(uploads: Bucket, object: ObjectRead, clock: Clock): Ranges {
  const { size = 0 } = object;
  const began = clock();
  const pieces: { readonly from: number; readonly bytes: Uint8Array }[] = [];
  let [requests, fetched] = [0, 0];

  async function opened(first: number, last: number): Promise<ObjectBody> {
    try {
      return await uploads.read(object.key, { versionId: object.versionId, range: [first, last] });
    } catch (error) {
      // It was as long as that when it was looked at.
      throw error instanceof InvalidInput ? new Replaced(replaced) : error;
    }
  }

  async function fetchPiece(from: number, to: number): Promise<Uint8Array> {
    if (requests >= mostRequests || fetched + (to - from) > mostBytes || clock() > began + mostMs)
      throw new TooMuch(`More than ${requests} requests or ${fetched} bytes would be needed.`);
    requests += 1;
    fetched += to - from;
    const { head, body } = await opened(from, to - 1);
    const chunks: Uint8Array[] = [];
    for await (const chunk of body) chunks.push(chunk);
    if (wasReplaced(object, head)) throw new Replaced(replaced);
    return Buffer.concat(chunks);
  }

  return {
    size,
    clock,
    async read(from, to) {
      const known = pieces.find((piece) => piece.from <= from && to <= piece.from + piece.bytes.length);
      if (known !== undefined) return known.bytes.subarray(from - known.from, to - known.from);
      // What follows is likely to be wanted next, and one larger request costs less than many small ones.
      const bytes = await fetchPiece(from, Math.min(size, Math.max(to, from + pieceBytes)));
      pieces.push({ from, bytes });
      return bytes.subarray(0, to - from);
    },
  };
}
