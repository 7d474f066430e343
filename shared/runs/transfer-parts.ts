import { Rejected } from '../errors.ts';
import type { Stretch } from './transfer-source.ts';

const mebibyte = 1024 * 1024;
const maxParts = 10_000;

export interface Layout {
  readonly bytes: number;
  readonly partBytes: number;
}

export interface PartBytes {
  readonly partNumber: number;
  /** Valid until given back to the buffers. */
  readonly bytes: Uint8Array;
}

/** About 200 parts of 8 to 32 MiB: few enough requests, small enough to lose little in a crash. */
export function partBytesFor(bytes: number): number {
  if (bytes > maxParts * 32 * mebibyte)
    throw new Rejected(`The output has ${bytes} bytes; at most ${maxParts * 32} MiB can be copied.`);
  const wanted = Math.ceil(bytes / 200 / mebibyte) * mebibyte;
  return Math.min(32 * mebibyte, Math.max(8 * mebibyte, wanted));
}

export const partCount = ({ bytes, partBytes }: Layout): number => Math.ceil(bytes / partBytes);

export const sizeOfPart = ({ bytes, partBytes }: Layout, partNumber: number): number =>
  Math.min(partBytes, bytes - (partNumber - 1) * partBytes);

/** First and last byte of the first run of parts that nobody has sent yet; undefined when all are. */
export function missingRange(layout: Layout, sent: ReadonlySet<number>): readonly [number, number] | undefined {
  const count = partCount(layout);
  let from = 1;
  while (sent.has(from)) from += 1;
  if (from > count) return undefined;
  let to = from;
  while (to < count && !sent.has(to + 1)) to += 1;
  return [(from - 1) * layout.partBytes, Math.min(to * layout.partBytes, layout.bytes) - 1];
}

/** Cuts a stretch of the source into whole parts; the ones not wanted are read and dropped. */
export async function* partsOf(
  stretch: Stretch,
  layout: Layout,
  wanted: (partNumber: number) => boolean,
  buffers: Buffers,
): AsyncGenerator<PartBytes, undefined> {
  let partNumber = Math.floor(stretch.first / layout.partBytes) + 1;
  let buffer: Uint8Array | undefined;
  let filled = 0;
  for await (const chunk of stretch.body) {
    for (let at = 0; at < chunk.byteLength; ) {
      const size = sizeOfPart(layout, partNumber);
      const piece = chunk.subarray(at, at + size - filled);
      if (wanted(partNumber)) {
        buffer ??= await buffers.take();
        buffer.set(piece, filled);
      }
      at += piece.byteLength;
      filled += piece.byteLength;
      if (filled < size) continue;
      if (buffer) yield { partNumber, bytes: buffer.subarray(0, size) };
      buffer = undefined;
      filled = 0;
      partNumber += 1;
    }
  }
}

/** As many buffers as memory allows: whoever wants one more waits until one is given back. */
export interface Buffers {
  take(): Promise<Uint8Array>;
  giveBack(bytes: Uint8Array): void;
}

export function partBuffers(layout: Layout, maxMemoryBytes: number): Buffers {
  const size = Math.min(layout.partBytes, layout.bytes);
  // Five: one being filled while four are on their way.
  let unused = Math.max(2, Math.min(5, Math.floor(maxMemoryBytes / size)));
  const free: ArrayBuffer[] = [];
  const waiting: ((buffer: Uint8Array) => void)[] = [];
  return {
    take: async () => {
      const again = free.pop();
      if (again) return new Uint8Array(again);
      if (unused === 0) return new Promise((resolve) => waiting.push(resolve));
      unused -= 1;
      return new Uint8Array(new ArrayBuffer(size));
    },
    giveBack: (bytes) => {
      const next = waiting.shift();
      if (next) next(new Uint8Array(bytes.buffer as ArrayBuffer));
      else free.push(bytes.buffer as ArrayBuffer);
    },
  };
}
