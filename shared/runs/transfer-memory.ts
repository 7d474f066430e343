/** As much memory as is allowed for parts that are filled and sent: whoever wants more waits until some is given back. */
export interface PartMemory {
  readonly maxBytes: number;
  /** In the order in which it was asked for. One buffer is given even where it is larger than all that is allowed. */
  take(bytes: number): Promise<Buffer>;
  giveBack(buffer: Buffer): void;
}

/** Buffers that were given back are used again: memory fresh from the system costs as much as copying into it. */
export function partMemory(maxBytes: number): PartMemory {
  let takenBytes = 0;
  let keptBytes = 0;
  const kept: Buffer[] = [];
  const waiting: { readonly bytes: number; readonly give: (buffer: Buffer) => void }[] = [];
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
  return {
    maxBytes,
    take: async (bytes) => {
      if (waiting.length === 0 && fits(bytes)) return bufferOf(bytes);
      return new Promise((give) => waiting.push({ bytes, give }));
    },
    giveBack: (buffer) => {
      takenBytes -= buffer.byteLength;
      keptBytes += buffer.byteLength;
      kept.push(buffer);
      while (waiting[0] && fits(waiting[0].bytes)) {
        const { bytes, give } = waiting.shift() as (typeof waiting)[number];
        give(bufferOf(bytes));
      }
    },
  };
}
