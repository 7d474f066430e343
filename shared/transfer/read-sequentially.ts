import { sniffBytes } from '../inspect/sniff.ts';
import { crc32cOf } from '../platform/crc32c.ts';
import { SourceBroke } from './errors.ts';
import { type Reading, sendingOf } from './part-sender.ts';
import { firstOfPart, sizeOfPart } from './parts.ts';
import { type Answered, isPinned } from './source.ts';

/**
 * Reads what is missing by one connection, from the first missing part to the end: for sources that know no ranges, or
 * have nothing by which two of their answers could be known for the same file. Parts that have arrived are dropped.
 */
export async function readInOrder(reading: Reading, opened?: Answered): Promise<void> {
  for (let at = opened; ; at = undefined) {
    const before = reading.missing().length;
    try {
      return await readOn(reading, at);
    } catch (error) {
      // A connection that breaks after some parts is worth another at once; one that brings nothing is the queue's matter.
      const isWorthAnother = error instanceof SourceBroke && isPinned(reading.pin) && reading.missing().length < before;
      if (!isWorthAnother) throw error;
    }
  }
}

async function readOn(reading: Reading, opened?: Answered): Promise<void> {
  const { source, layout, pin, memory, watch, progress } = reading;
  const wanted = new Set(reading.missing());
  const [firstWanted] = wanted;
  if (firstWanted === undefined) return opened?.discard();
  const answer = opened ?? (await source.read([firstOfPart(layout, firstWanted)], pin));
  const sending = sendingOf(reading, answer.discard);
  // Where it would begin at the first byte again, a slice that stops gets no further than the one before.
  const mayStop = answer.isRange && isPinned(pin);
  const now: { isOver: boolean; hasBegun: boolean; at: number; part?: { readonly buffer: Buffer; crc32c?: string } } = {
    ...{ isOver: false, hasBegun: false, at: answer.first },
  };

  const take = (piece: Uint8Array): Promise<void> | undefined => {
    for (let from = 0; from < piece.byteLength && !sending.failure() && !now.isOver; ) {
      const partNumber = Math.floor(now.at / layout.partBytes) + 1;
      const offset = now.at - firstOfPart(layout, partNumber);
      const size = sizeOfPart(layout, partNumber);
      if (!now.part && wanted.has(partNumber)) {
        now.isOver = mayStop && now.hasBegun && watch.isOver();
        now.hasBegun = true;
        return now.isOver ? void answer.discard() : takeInto(size, piece.subarray(from));
      }
      const bytes = piece.subarray(from, from + size - offset);
      if (now.part) fill(now.part, bytes, offset, partNumber);
      from += bytes.byteLength;
      now.at += bytes.byteLength;
      if (offset + bytes.byteLength < size) continue;
      if (now.part) sending.begin(partNumber, now.part.buffer, now.part.crc32c ?? '');
      now.part = undefined;
    }
    watch.tick(progress);
    return undefined;
  };
  const takeInto = async (size: number, rest: Uint8Array): Promise<void> => {
    now.part = { buffer: await memory.take(size) };
    await take(rest);
  };
  const fill = (part: NonNullable<(typeof now)['part']>, bytes: Uint8Array, offset: number, partNumber: number) => {
    part.buffer.set(bytes, offset);
    part.crc32c = crc32cOf(bytes, part.crc32c);
    const filled = offset + bytes.byteLength;
    if (partNumber === 1 && filled >= Math.min(sniffBytes, part.buffer.byteLength))
      reading.head?.(part.buffer.subarray(0, filled));
  };

  try {
    await answer.pour(take);
  } catch (error) {
    if (!now.isOver) sending.fail(error);
  } finally {
    if (now.part) memory.release(now.part.buffer);
  }
  await sending.settled();
}
