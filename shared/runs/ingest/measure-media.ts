import type { MeasuredMedia } from '../run.ts';
import { readMovieIndex } from './movie-index.ts';
import { type Ranges, TooMuch } from './ranges.ts';
import { transportStreamSeconds } from './transport-stream.ts';

/** What can be looked into; other containers are passed on unmeasured. */
const baseMedia = new Set(['mp4', 'mov', 'm4v', '3gp']);
const measurable = new Set([...baseMedia, 'webm', 'mkv', 'ts']);

/** Duration and tracks by a few ranged reads; undefined where a file does not let them be known. */
export async function measureMedia(ranges: Ranges, container: string): Promise<MeasuredMedia | undefined> {
  if (!measurable.has(container)) return undefined;
  const index = baseMedia.has(container) ? await unlessTooMuch(() => readMovieIndex(ranges)) : undefined;
  if (index !== undefined) return index === 'none' ? undefined : rounded(index);
  // Fetched only for what needs it: most videos say all of it in their index.
  const { Input, CustomSource, Logging, LogLevel, MP4, QTFF, MATROSKA, WEBM, MPEG_TS } = await import('mediabunny');
  // What it thinks of a stranger's file is no line of our log.
  Logging.level = LogLevel.Silent;
  let failure: unknown;
  const read = async (from: number, to: number): Promise<Uint8Array> => {
    try {
      return await ranges.read(from, to);
    } catch (error) {
      if (!(error instanceof TooMuch)) failure ??= error;
      throw error;
    }
  };
  const source = new CustomSource({
    getSize: () => ranges.size,
    read,
    maxCacheSize: 16 * 1024 ** 2,
    handleUnhandledError: () => undefined,
  });
  const input = new Input({ source, formats: [MP4, QTFF, MATROSKA, WEBM, MPEG_TS] });
  // What it throws itself is the file's own fault, which the rule decides about.
  const media = await measured(
    input,
    container === 'ts' ? () => transportStreamSeconds({ ...ranges, read }) : () => lengthOf(input),
  ).catch(() => undefined);
  input.dispose();
  // Ours is thrown as it was: a bucket that does not answer says nothing of the file.
  if (failure !== undefined) throw failure;
  return media && rounded(media);
}

const rounded = ({ seconds, ...media }: MeasuredMedia): MeasuredMedia => ({
  ...(seconds !== undefined && { seconds: Math.round(seconds * 1000) / 1000 }),
  ...media,
});

async function unlessTooMuch<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof TooMuch) return undefined;
    throw error;
  }
}

async function measured(
  input: import('mediabunny').Input,
  length: () => Promise<number | undefined>,
): Promise<MeasuredMedia | undefined> {
  const tracks = await input.getTracks();
  // No track at all is what a file without a readable index looks like.
  if (tracks.length === 0) return undefined;
  const video = await input.getPrimaryVideoTrack();
  const seconds = await length();
  return {
    ...(seconds !== undefined && { seconds }),
    ...(video !== null && { width: await video.getDisplayWidth(), height: await video.getDisplayHeight() }),
    videoTracks: tracks.filter(({ type }) => type === 'video').length,
    audioTracks: tracks.filter(({ type }) => type === 'audio').length,
  };
}

/** Some files say it nowhere, and to find their last moment would be to read all of them. */
async function lengthOf(input: import('mediabunny').Input): Promise<number | undefined> {
  try {
    const seconds = (await input.getDurationFromMetadata()) ?? (await input.computeDuration());
    return Number.isFinite(seconds) && seconds > 0 ? seconds : undefined;
  } catch {
    return undefined;
  }
}
