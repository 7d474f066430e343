import { promised } from './deferred.ts';

/** The memory budget for parts in flight. A request beyond it waits until memory is released. */
export interface PartMemory {
  readonly maxBytes: number;
  /** In the order in which it was asked for. One buffer is given even where it is larger than all that is allowed. */
  take(bytes: number): Promise<Buffer>;
  release(buffer: Buffer): void;
  /** Waits no longer for what was asked for: what has not been given yet is refused. */
  forgo(taking: Promise<Buffer>): void;
}

/** Buffers that were given back are used again: memory fresh from the system costs as much as copying into it. */
export function partMemory(maxBytes: number): PartMemory {
  let takenBytes = 0;
  let keptBytes = 0;
  const kept: Buffer[] = [];
  const waiting: Waiting[] = [];
  const fits = (bytes: number) => takenBytes === 0 || takenBytes + bytes <= maxBytes;
  const bufferOf = (bytes: number): Buffer => {
    takenBytes += bytes;
    const at = kept.findIndex(({ byteLength }) => byteLength === bytes);
    const [again] = at === -1 ? [] : kept.splice(at, 1);
    if (again) {
      keptBytes -= bytes;
      return again;
    }
    while (kept.length > 0 && takenBytes + keptBytes > maxBytes) keptBytes -= kept.shift()?.byteLength ?? 0;
    return Buffer.allocUnsafeSlow(bytes);
  };
  const giveWhatFits = () => {
    for (let next = waiting[0]; next && fits(next.bytes); next = waiting[0]) {
      waiting.shift();
      next.give(bufferOf(next.bytes));
    }
  };
  return {
    maxBytes,
    // The promise itself, not one around it: it is what `forgo` is told.
    take: (bytes) => {
      if (waiting.length === 0 && fits(bytes)) return Promise.resolve(bufferOf(bytes));
      const given = promised<Buffer>();
      waiting.push({ bytes, taking: given.promise, give: given.resolve, refuse: given.reject });
      return given.promise;
    },
    release: (buffer) => {
      takenBytes -= buffer.byteLength;
      keptBytes += buffer.byteLength;
      kept.push(buffer);
      giveWhatFits();
    },
    forgo: (taking) => {
      const at = waiting.findIndex((each) => each.taking === taking);
      const [gone] = at === -1 ? [] : waiting.splice(at, 1);
      gone?.refuse(new Error('Nobody waits for this memory any longer.'));
      giveWhatFits();
    },
  };
}

interface Waiting {
  readonly bytes: number;
  readonly taking: Promise<Buffer>;
  readonly give: (buffer: Buffer) => void;
  readonly refuse: (error: Error) => void;
}
