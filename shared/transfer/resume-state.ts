import { joinCrc32c } from '../platform/crc32c.ts';
import type { Part } from '../platform/ports.ts';
import { type Layout, partCount, sizeOfPart } from './parts.ts';

/**
 * An upload in parts that has begun. `crc32c`: eight digits for each part whose checksum the store does not tell, dashes
 * for the others; in one text, since a list of 10,000 would crowd the item that it is kept in.
 */
export type RememberedTransfer = {
  readonly key: string;
  readonly uploadId: string;
  readonly bytes: number;
  /** The source's, with quotes; empty when it has no strong one. */
  readonly etag: string;
  /** The source's own checksum of the whole, where it told one. */
  readonly sourceCrc32c?: string;
  readonly partBytes: number;
  readonly contentType: string;
  readonly extension: string;
  readonly crc32c: string;
  /** What was read before, from the first byte to the last, was not what the source says it is. */
  readonly wrongBefore?: true;
};

/** A part with the checksum of its bytes. */
export type KnownPart = Part & { readonly crc32c: string };

/** Whether this version can resume the upload: earlier versions started uploads without CRC32C checksums. */
export const isUsable = (state: RememberedTransfer): boolean => typeof state.crc32c === 'string';

export function withChecksum(state: RememberedTransfer, { partNumber, crc32c }: KnownPart): RememberedTransfer {
  const at = (partNumber - 1) * 8;
  const known = state.crc32c.padEnd(partCount(state) * 8, '-');
  return { ...state, crc32c: known.slice(0, at) + crc32c + known.slice(at + 8) };
}

/** Parts that are whole and whose checksum is known, from the store or else from our notes. */
export function usableParts(state: RememberedTransfer, listed: readonly Part[]): Map<number, KnownPart> {
  const parts = new Map<number, KnownPart>();
  for (const part of listed) {
    const crc32c = part.crc32c ?? notedChecksum(state, part.partNumber);
    if (crc32c !== undefined && part.partNumber <= partCount(state) && part.size === sizeOfPart(state, part.partNumber))
      parts.set(part.partNumber, { ...part, crc32c });
  }
  return parts;
}

/** Undefined while a part is missing. */
export function wholeChecksum(layout: Layout, parts: ReadonlyMap<number, KnownPart>): string | undefined {
  let whole = '00000000';
  for (let partNumber = 1; partNumber <= partCount(layout); partNumber += 1) {
    const part = parts.get(partNumber);
    if (!part) return undefined;
    whole = joinCrc32c(whole, part.crc32c, part.size);
  }
  return whole;
}

function notedChecksum(state: RememberedTransfer, partNumber: number): string | undefined {
  const noted = state.crc32c.slice((partNumber - 1) * 8, partNumber * 8);
  return /^[0-9a-f]{8}$/.test(noted) ? noted : undefined;
}
