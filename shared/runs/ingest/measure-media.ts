import type { MeasuredMedia } from '../run.ts';
import { type Ranges, TooMuch } from './ranges.ts';
import { transportStreamSeconds } from './transport-stream.ts';

/** What mediabunny reads; other containers are passed on unmeasured. */
const measurable = new Set(['mp4', 'mov', 'm4v', '3gp', 'webm', 'mkv', 'ts']);

/** Duration and tracks by a few ranged reads; undefined where a file does not let them be known. */
export async function measureMedia(ranges: Ranges, container: string): Promise<MeasuredMedia | undefined> {
  if (!measurable.has(container)) return undefined;
  // Fetched only when there is something to measure: most wakes of this program have nothing.
  const { Input, CustomSource, MP4, QTFF, MATROSKA, WEBM, MPEG_TS } = await import('mediabunny');
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
  return media;
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
    ...(seconds !== undefined && { seconds: Math.round(seconds * 1000) / 1000 }),
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
