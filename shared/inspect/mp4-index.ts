import type { MeasuredMedia } from './measured-media.ts';
import type { Ranges } from './ranged-reader.ts';

/** Reads parts of a file; a file that ends before `to` gives fewer bytes. */
export type ByteRanges = Pick<Ranges, 'size' | 'read'>;

interface Box {
  readonly type: string;
  /** Of what is in it. */
  readonly from: number;
  readonly to: number;
}

/** No honest file has more boxes side by side before the one that is looked for. */
const mostBoxes = 200;
const mostTracks = 64;
/** The largest box that is read as a whole; those with the tables of all pictures are stepped over. */
const mostBoxBytes = 4096;

/**
 * What the index of an MP4 or QuickTime file says of all of it. Its tables, which have a line for each picture and are
 * many megabytes in a film of hours, are not read. `none`: there is no index, so nobody can say anything. Undefined
 * for one that says it in another way, such as in pieces.
 */
export async function readMovieIndex(ranges: ByteRanges): Promise<MeasuredMedia | 'none' | undefined> {
  const file: Box = { type: 'file', from: 0, to: ranges.size };
  const movie = await firstOf(ranges, file, 'moov');
  if (movie === undefined) return 'none';
  const header = await firstOf(ranges, movie, 'mvhd');
  if (header === undefined) return undefined;
  const seconds = secondsOf(await contentOf(ranges, header));
  if (seconds === undefined) return undefined;
  const tracks: Track[] = [];
  for await (const box of boxesIn(ranges, movie)) {
    if (box.type !== 'trak') continue;
    tracks.push(await readTrack(ranges, box));
    if (tracks.length > mostTracks) return undefined;
  }
  if (tracks.length === 0) return undefined;
  const picture = tracks.find(({ handler }) => handler === 'vide');
  return {
    seconds,
    ...(picture?.width && picture.height && { width: picture.width, height: picture.height }),
    videoTracks: tracks.filter(({ handler }) => handler === 'vide').length,
    audioTracks: tracks.filter(({ handler }) => handler === 'soun').length,
  };
}

/**
 * Seconds that an MP4 or QuickTime file says it lasts, by a few small reads wherever its index is. Undefined for another
 * format, and where the file does not say.
 */
export async function readMp4Seconds(ranges: ByteRanges): Promise<number | undefined> {
  const file: Box = { type: 'file', from: 0, to: ranges.size };
  const first = await boxesIn(ranges, file).next();
  if (first.done || !isFirstBox(first.value.type)) return undefined;
  const movie = await firstOf(ranges, file, 'moov');
  const header = movie && (await firstOf(ranges, movie, 'mvhd'));
  return header && secondsOf(await contentOf(ranges, header));
}

const isFirstBox = (type: string): boolean => ['ftyp', 'moov', 'mdat', 'wide', 'free', 'skip'].includes(type);

interface Track {
  readonly handler?: string;
  readonly width?: number;
  readonly height?: number;
}

async function readTrack(ranges: ByteRanges, track: Box): Promise<Track> {
  const header = await firstOf(ranges, track, 'tkhd');
  const media = await firstOf(ranges, track, 'mdia');
  const handler = media && (await firstOf(ranges, media, 'hdlr'));
  return {
    ...(handler && { handler: textOf(await contentOf(ranges, handler), 8) }),
    ...(header && sizeOf(await contentOf(ranges, header))),
  };
}

async function firstOf(ranges: ByteRanges, within: Box, type: string): Promise<Box | undefined> {
  for await (const box of boxesIn(ranges, within)) if (box.type === type) return box;
  return undefined;
}

async function* boxesIn(ranges: ByteRanges, within: Box): AsyncGenerator<Box> {
  let at = within.from;
  for (let count = 0; count < mostBoxes && at + 8 <= within.to; count += 1) {
    const head = view(await ranges.read(at, Math.min(within.to, at + 16)));
    if (head.byteLength < 8) return;
    const short = head.getUint32(0);
    // 1: the size follows in eight bytes. 0: to the end of what it is in.
    const headBytes = short === 1 ? 16 : 8;
    if (head.byteLength < headBytes) return;
    const size = short === 1 ? Number(head.getBigUint64(8)) : short === 0 ? within.to - at : short;
    if (size < headBytes || at + size > within.to) return;
    yield { type: textOf(head, 4), from: at + headBytes, to: at + size };
    at += size;
  }
}

const contentOf = async (ranges: ByteRanges, { from, to }: Box): Promise<DataView> =>
  view(await ranges.read(from, Math.min(to, from + mostBoxBytes)));

const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

const textOf = (bytes: DataView, at: number): string =>
  at + 4 > bytes.byteLength ? '' : String.fromCharCode(...[0, 1, 2, 3].map((index) => bytes.getUint8(at + index)));

/** Version 1 has times of eight bytes. Undefined where the length is 0, or all ones: it was not known. */
function secondsOf(header: DataView): number | undefined {
  const isLong = header.byteLength > 0 && header.getUint8(0) === 1;
  if (header.byteLength < (isLong ? 32 : 20)) return undefined;
  const unitsPerSecond = header.getUint32(isLong ? 20 : 12);
  const units = isLong ? Number(header.getBigUint64(24)) : header.getUint32(16);
  const unknown = units === 0 || units === 0xffff_ffff || units >= 2 ** 63 || unitsPerSecond === 0;
  return unknown ? undefined : units / unitsPerSecond;
}

/** As it is shown: a matrix that turns by a quarter swaps the sides. */
function sizeOf(header: DataView): { width?: number; height?: number } {
  const matrix = header.byteLength > 0 && header.getUint8(0) === 1 ? 52 : 40;
  if (header.byteLength < matrix + 44) return {};
  const [width, height] = [header.getUint32(matrix + 36) >>> 16, header.getUint32(matrix + 40) >>> 16];
  const isTurned = header.getInt32(matrix) === 0 && header.getInt32(matrix + 16) === 0;
  return isTurned ? { width: height, height: width } : { width, height };
}
