/** Reads `length` bytes from `first` on, or fewer where the file ends. */
export type ReadBytes = (first: number, length: number) => Promise<Uint8Array>;

const maxHops = 8;
/** The movie header is the index's first box wherever we looked, and at most 120 bytes long. */
const mvhdBytes = 256;

/**
 * How long an MP4 or MOV file says it is, from a few hundred bytes of it wherever its index is.
 * Undefined when it is another kind of file, or does not say.
 */
export async function mp4DurationSeconds(read: ReadBytes, size: number): Promise<number | undefined> {
  let at = 0;
  for (let hop = 0; hop < maxHops && at + 8 <= size; hop += 1) {
    const box = boxAt(await read(at, 16));
    if (box === undefined || (hop === 0 && !openings.has(box.type))) return undefined;
    if (box.type === 'moov') return durationIn(await read(at + box.headerSize, mvhdBytes));
    at += box.size;
  }
  return undefined;
}

const openings = new Set(['ftyp', 'moov', 'mdat', 'wide', 'free', 'skip']);

interface Box {
  readonly type: string;
  readonly size: number;
  readonly headerSize: number;
}

function boxAt(bytes: Uint8Array, at = 0): Box | undefined {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.length < at + 8) return undefined;
  const type = view.toString('latin1', at + 4, at + 8);
  const short = view.readUInt32BE(at);
  if (short !== 1) return short >= 8 ? { type, size: short, headerSize: 8 } : undefined;
  if (view.length < at + 16) return undefined;
  const long = Number(view.readBigUInt64BE(at + 8));
  return long >= 16 && Number.isSafeInteger(long) ? { type, size: long, headerSize: 16 } : undefined;
}

function durationIn(moov: Uint8Array): number | undefined {
  for (let at = 0, box = boxAt(moov); box !== undefined; at += box.size, box = boxAt(moov, at))
    if (box.type === 'mvhd') return durationOf(Buffer.from(moov.subarray(at + box.headerSize)));
  return undefined;
}

/** Version, flags, two times, then what we want: times and duration are 4 bytes in version 0 and 8 in version 1. */
function durationOf(mvhd: Buffer): number | undefined {
  const isLong = mvhd[0] === 1;
  if (mvhd.length < (isLong ? 32 : 20)) return undefined;
  const timescale = mvhd.readUInt32BE(isLong ? 20 : 12);
  const duration = isLong ? Number(mvhd.readBigUInt64BE(24)) : mvhd.readUInt32BE(16);
  // All ones, or nothing: the file does not know (a recording that was cut off, or one in fragments).
  const isKnown = timescale > 0 && duration > 0 && duration < (isLong ? Number.MAX_SAFE_INTEGER : 0xffffffff);
  return isKnown ? duration / timescale : undefined;
}
