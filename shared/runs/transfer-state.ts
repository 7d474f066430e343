import type { Part } from '../platform/ports.ts';
import { joinCrc32 } from './transfer-checksum.ts';
import { partCount, sizeOfPart } from './transfer-parts.ts';

/**
 * An upload in parts that has begun. `checksums`: eight digits for each part, dashes for one not yet read; in one
 * text, since a list of 10,000 would crowd the item that it is kept in.
 */
export type RememberedTransfer = {
  readonly key: string;
  readonly uploadId: string;
  readonly bytes: number;
  readonly etag: string;
  readonly partBytes: number;
  readonly contentType: string;
  readonly extension: string;
  readonly checksums: string;
};

export function withChecksum(state: RememberedTransfer, partNumber: number, checksum: string): RememberedTransfer {
  const at = (partNumber - 1) * 8;
  const known = state.checksums.padEnd(partCount(state) * 8, '-');
  return { ...state, checksums: known.slice(0, at) + checksum + known.slice(at + 8) };
}

/** Parts that are whole and whose checksum was noted. */
export function usableParts(state: RememberedTransfer, parts: readonly Part[]): Map<number, Part> {
  const whole = parts.filter(({ partNumber, size }) => size === sizeOfPart(state, partNumber));
  const noted = whole.filter(({ partNumber }) => checksumOf(state, partNumber) !== undefined);
  return new Map(noted.map((part) => [part.partNumber, part]));
}

/** Undefined while a part's is not known. */
export function wholeChecksum(state: RememberedTransfer): string | undefined {
  let whole = '00000000';
  for (let partNumber = 1; partNumber <= partCount(state); partNumber += 1) {
    const checksum = checksumOf(state, partNumber);
    if (checksum === undefined) return undefined;
    whole = joinCrc32(whole, checksum, sizeOfPart(state, partNumber));
  }
  return whole;
}

function checksumOf(state: RememberedTransfer, partNumber: number): string | undefined {
  const noted = state.checksums.slice((partNumber - 1) * 8, partNumber * 8);
  return /^[0-9a-f]{8}$/.test(noted) ? noted : undefined;
}
