import type { Progress, Watch } from './deadline.ts';
import type { PartMemory } from './part-memory.ts';
import type { Layout } from './parts.ts';
import type { Pin, Source } from './source.ts';

export interface FullPart {
  readonly partNumber: number;
  readonly bytes: Uint8Array;
  readonly crc32c: string;
}

/** What is read, from where, and where it goes. */
export interface Reading {
  readonly source: Source;
  readonly pin: Pin;
  readonly layout: Layout;
  readonly memory: PartMemory;
  /** The most at once. */
  readonly connections: number;
  readonly watch: Watch;
  readonly progress: () => Progress;
  /** Numbers of the parts that have not arrived, in order. */
  readonly missing: () => readonly number[];
  /** Given the first bytes of the file, as soon as they are there. */
  readonly head?: (bytes: Uint8Array) => void;
  /** Called with the error that ends the reading early. */
  readonly failed?: (error: unknown) => void;
  /** The bytes are valid until it resolves. */
  readonly send: (part: FullPart) => Promise<void>;
}

export interface Sending {
  /** Sends a part and releases its buffer afterwards. Does not wait. */
  begin(partNumber: number, buffer: Buffer, crc32c: string): void;
  /** Stops the reading. The first error counts. */
  fail(error: unknown): void;
  failure(): { readonly error: unknown } | undefined;
  /** Waits until every part in flight has arrived or failed. Throws the first error. */
  settled(): Promise<void>;
}

/** Sends parts while the next are read. */
export function sendingOf({ send, memory, watch, progress, failed }: Reading, stop: () => void): Sending {
  const underWay = new Set<Promise<void>>();
  let failure: { readonly error: unknown } | undefined;
  const fail = (error: unknown): void => {
    if (failure) return;
    failure = { error };
    stop();
    failed?.(error);
  };
  const sent = async (partNumber: number, buffer: Buffer, crc32c: string): Promise<void> => {
    try {
      await send({ partNumber, bytes: buffer, crc32c });
      watch.tick(progress);
    } catch (error) {
      fail(error);
    } finally {
      // Also when it failed: a reader may be waiting for this buffer before it can hear of the failure.
      memory.release(buffer);
    }
  };
  return {
    begin: (...part) => {
      const sending = sent(...part).finally(() => underWay.delete(sending));
      underWay.add(sending);
    },
    fail,
    failure: () => failure,
    settled: async () => {
      while (underWay.size > 0) await Promise.all(underWay);
      if (failure) throw failure.error;
    },
  };
}
