import { fromPictureStart } from './filter-graph.ts';
import type { Interval } from './frame-ranges.ts';
import type { Media } from './index.ts';
import { inPlainWords } from './plain-words.ts';
import type { Probe } from './probe.ts';
import { runProgram, safeInput, steadySound } from './run-ffmpeg.ts';

/** What a tile may ask to be measured. A tile sees only what it asked for. */
export interface MeasurementRequest {
  silences?: { thresholdDb: number; minSeconds: number };
}

export interface Measured {
  silences?: Interval[];
}

/** Stretches in which no sample of any channel is louder than the threshold. Reads the sound only. */
export async function measureSilences(
  media: Media,
  source: Probe,
  settings: { thresholdDb: number; minSeconds: number },
  options: { wallSeconds: number; onProgress?: (fraction: number) => void; signal?: AbortSignal },
): Promise<Interval[]> {
  const { sound } = source;
  if (sound === undefined) return [];
  const silences: Interval[] = [];
  let openedAt: number | undefined;
  const onMessageLine = (line: string) => {
    const [, edge, value] = /silence_(start|end): (-?[\d.]+)/.exec(line) ?? [];
    if (edge === 'start') openedAt = Math.max(0, Number(value));
    else if (edge === 'end' && openedAt !== undefined) {
      silences.push({ startSeconds: openedAt, endSeconds: Number(value) });
      openedAt = undefined;
    }
  };
  await inPlainWords(source, () =>
    runProgram({
      path: media.ffmpegPath,
      args: silenceArguments(source, sound.streamIndex, settings),
      onMessageLine,
      onOutputLine: (line) => {
        const seconds = Number(/^out_time_us=(\d+)/.exec(line)?.[1] ?? Number.NaN) / 1e6;
        if (seconds >= 0) options.onProgress?.(Math.min(1, seconds / source.durationSeconds));
      },
      wallSeconds: options.wallSeconds,
      signal: options.signal,
    }),
  );
  if (openedAt !== undefined) silences.push({ startSeconds: openedAt, endSeconds: source.durationSeconds + 1 });
  return silences;
}

const silenceArguments = (
  source: Probe,
  streamIndex: number,
  { thresholdDb, minSeconds }: { thresholdDb: number; minSeconds: number },
): string[] => [
  ...['-hide_banner', '-nostdin', '-nostats', '-progress', 'pipe:1', '-loglevel', 'info'],
  ...steadySound,
  ...safeInput(source.path, source.format),
  ...['-map', `0:${streamIndex}`],
  // The same clock as the render's: the same zero, gaps filled.
  ...[
    '-af',
    [
      ...fromPictureStart('asetpts', source.video),
      'aresample=async=1:first_pts=0',
      // A sound track that ends before the picture is silent from there on, to the very last frame.
      `apad=whole_dur=${(source.durationSeconds + 0.01).toFixed(3)}`,
      `silencedetect=noise=${thresholdDb}dB:duration=${minSeconds}`,
    ].join(','),
  ],
  ...['-f', 'null', '-'],
  ...(startsWithTracksInUse.has(source.format)
    ? ['-map', `0:${source.video.streamIndex}`, '-c', 'copy', '-f', 'null', '-']
    : []),
];

/**
 * Here FFmpeg counts time from the first of the tracks that are in use. The picture, which is not needed, is copied to
 * nowhere: otherwise sound that begins late would be measured as if it began at once, and the wrong parts would go.
 */
const startsWithTracksInUse = new Set(['mpegts', 'mpeg', 'ogg']);
