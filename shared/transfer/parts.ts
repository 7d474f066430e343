import { Rejected } from '../errors.ts';

const mebibyte = 1024 * 1024;
const maxParts = 10_000;

/** What is smaller is sent in one piece: a part must have 5 MiB. */
export const smallBytes = 8 * mebibyte;

export interface Layout {
  readonly bytes: number;
  readonly partBytes: number;
}

/**
 * Parts of 8 MiB, larger ones beyond 39 GiB. Small parts lose little in a crash, and more of them fit into memory at
 * once: that many connections are read.
 */
export function layoutOf(bytes: number): Layout {
  if (bytes > maxParts * 32 * mebibyte)
    throw new Rejected(`The output has ${bytes} bytes; at most ${maxParts * 32} MiB can be copied.`);
  if (bytes < smallBytes) return { bytes, partBytes: bytes };
  const wanted = Math.ceil(bytes / 5000 / mebibyte) * mebibyte;
  return { bytes, partBytes: Math.min(32 * mebibyte, Math.max(8 * mebibyte, wanted)) };
}

export const partCount = ({ bytes, partBytes }: Layout): number => Math.ceil(bytes / partBytes);

export const sizeOfPart = ({ bytes, partBytes }: Layout, partNumber: number): number =>
  Math.min(partBytes, bytes - (partNumber - 1) * partBytes);

export const firstOfPart = ({ partBytes }: Layout, partNumber: number): number => (partNumber - 1) * partBytes;

/** One that is wanted and not yet sent. */
export interface PartInHand {
  readonly partNumber: number;
  readonly size: number;
  /** Once one of its stretches is about to be read. */
  buffer?: Promise<Buffer>;
  readonly stretches: Stretch[];
}

/** What one request asks for: a part, or a stretch of one. Offsets are within the file. */
export interface Stretch {
  readonly part: PartInHand;
  readonly first: number;
  readonly size: number;
  filled: number;
  /** Of what is filled. */
  crc32c?: string;
}

const minStretchBytes = 2 * mebibyte;

/**
 * What is to be read, in order. Where there are few parts, each is read by several connections: a file of 20 MB would
 * keep only three busy. So it is where memory holds few (`perPart`). `begun`: so many bytes of the file are being read
 * already, as a stretch of their own.
 */
export function stretchesOf(
  layout: Layout,
  partNumbers: readonly number[],
  {
    connections,
    perPart = 1,
    begun = 0,
  }: { readonly connections: number; readonly perPart?: number; readonly begun?: number },
): Stretch[] {
  const wanted = partNumbers.reduce((sum, partNumber) => sum + sizeOfPart(layout, partNumber), 0);
  const fair = Math.min(Math.ceil(wanted / connections / 3), Math.ceil(layout.partBytes / perPart));
  const most = connections === 1 ? layout.partBytes : Math.max(minStretchBytes, fair);
  return partNumbers.flatMap((partNumber) => {
    const part: PartInHand = { partNumber, size: sizeOfPart(layout, partNumber), stretches: [] };
    const first = firstOfPart(layout, partNumber);
    const head = partNumber === 1 ? Math.min(begun, part.size) : 0;
    if (head > 0) part.stretches.push({ part, first, size: head, filled: 0 });
    const count = Math.ceil((part.size - head) / most);
    for (let at = 0; at < count; at += 1) {
      const [from, to] = [at, at + 1].map((n) => head + Math.floor(((part.size - head) * n) / count)) as [
        number,
        number,
      ];
      part.stretches.push({ part, first: first + from, size: to - from, filled: 0 });
    }
    return part.stretches;
  });
}
