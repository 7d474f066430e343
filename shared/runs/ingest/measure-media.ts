import { Denied, Missing } from '../../errors.ts';
import type { MeasuredMedia } from '../run.ts';
import { type Ranges, Replaced, TooMuch } from './ranges.ts';

/** What mediabunny reads; other containers are passed on unmeasured. */
const measurable = new Set(['mp4', 'mov', 'm4v', '3gp', 'webm', 'mkv', 'ts']);

/** Duration and tracks by a few ranged reads; undefined where a file does not let them be known. */
export async function measureMedia(ranges: Ranges, container: string): Promise<MeasuredMedia | undefined> {
  if (!measurable.has(container)) return undefined;
  // Fetched only when there is something to measure: most wakes of this program have nothing.
  const { Input, CustomSource, MP4, QTFF, MATROSKA, WEBM, MPEG_TS } = await import('mediabunny');
  let ours: unknown;
  const read = async (from: number, to: number): Promise<Uint8Array> => {
    try {
      return await ranges.read(from, to);
    } catch (error) {
      // A library may hide or rename what it is thrown.
      ours ??= error;
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
  try {
    return await measured(input);
  } catch (error) {
    const cause = ours ?? error;
    // Ours to handle; everything else is the file's own fault, which the rule decides about.
    if (cause instanceof Replaced || cause instanceof Missing || cause instanceof Denied) throw cause;
    if (ours !== undefined && !(cause instanceof TooMuch)) throw cause;
    return undefined;
  } finally {
    input.dispose();
  }
}

async function measured(input: import('mediabunny').Input): Promise<MeasuredMedia | undefined> {
  const tracks = await input.getTracks();
  // No track at all is what a file without a readable index looks like.
  if (tracks.length === 0) return undefined;
  const video = await input.getPrimaryVideoTrack();
  const seconds = (await input.getDurationFromMetadata()) ?? (await input.computeDuration());
  return {
    ...(Number.isFinite(seconds) && seconds > 0 && { seconds: Math.round(seconds * 1000) / 1000 }),
    ...(video !== null && { width: await video.getDisplayWidth(), height: await video.getDisplayHeight() }),
    videoTracks: tracks.filter(({ type }) => type === 'video').length,
    audioTracks: tracks.filter(({ type }) => type === 'audio').length,
  };
}
