import type { Clock } from '../platform/ports.ts';
import type { MeasuredMedia } from './measured-media.ts';
import { readMovieIndex } from './mp4-index.ts';
import { transportStreamSeconds } from './mpeg-ts-duration.ts';
import { type Ranges, TooMuch } from './ranged-reader.ts';

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
  const thinking = stopwatch(ranges.clock);
  const read = async (from: number, to: number): Promise<Uint8Array> => {
    if (thinking.ms() > mostThinkingMs) throw new TooMuch(`More than ${mostThinkingMs} ms of thought would be needed.`);
    try {
      return await thinking.without(() => ranges.read(from, to));
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

/** An honest file is understood at once; one of a million empty parts would keep everybody else waiting. */
const mostThinkingMs = 2000;

/** Counts the time that is not spent waiting for bytes: a slow bucket says nothing of a file. */
function stopwatch(clock: Clock) {
  const began = clock();
  let waited = 0;
  return {
    ms: () => clock() - began - waited,
    async without<T>(wait: () => Promise<T>): Promise<T> {
      const from = clock();
      try {
        return await wait();
      } finally {
        waited += clock() - from;
      }
    },
  };
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
