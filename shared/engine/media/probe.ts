import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { InvalidInput } from '../../errors.ts';
import { askFfprobe, type Found, type Stream } from './ask-ffprobe.ts';
import { editingRate, type FrameRate, framesPerSecond, parseRate } from './frame-rate.ts';
import type { Media } from './index.ts';
import { lastMoment } from './last-moment.ts';
import { whatItIs } from './what-it-is.ts';

/** What we need to know of a video before deciding anything. */
export interface Probe {
  /** The file's name, for messages. */
  name: string;
  path: string;
  sizeBytes: number;
  /** FFmpeg's name of the container's reader. */
  format: string;
  durationSeconds: number;
  video: VideoTrack;
  /** The track that is used; further ones (commentary, other languages) are left out. */
  sound?: SoundTrack;
}

export interface VideoTrack {
  streamIndex: number;
  /** As shown: after rotation and with square pixels. */
  width: number;
  height: number;
  /** How long after the file's beginning the picture begins. Its first frame is every timeline's zero. */
  delaySeconds: number;
  rotation: number;
  squarePixels: boolean;
  frameRate: FrameRate;
  variableFrameRate: boolean;
  frames: number;
  pixelFormat: string;
  fullRange: boolean;
  interlaced: boolean;
  dynamicRange: 'sdr' | 'pq' | 'hlg';
}

export interface SoundTrack {
  streamIndex: number;
  channels: number;
  sampleRate: number;
}

/** Looks at a file; a file that is not a whole video is refused in plain words. */
export async function probe(
  media: Media,
  path: string,
  options: { name?: string; signal?: AbortSignal } = {},
): Promise<Probe> {
  const name = options.name ?? basename(path);
  const { size } = await stat(path);
  if (size === 0) throw new InvalidInput(`${name} is empty`, { name });
  const kind = await whatItIs(path);
  if (kind !== undefined) throw new InvalidInput(`${name} is not a video: it is ${kind}`, { name });
  const found = await askFfprobe(media, path, name, options.signal);
  const video = found.streams.find((stream) => stream.codec_type === 'video' && stream.disposition?.attached_pic !== 1);
  if (video === undefined) throw noPicture(name, found);
  const start = Number(found.format.start_time ?? 0) || 0;
  const delaySeconds = Math.max(0, (Number(video.start_time ?? start) || 0) - start);
  const claimed = claimedSeconds(video, found, start, delaySeconds);
  const end = await lastMoment(media, {
    path,
    claimedSeconds: claimed.file,
    startSeconds: start,
    signal: options.signal,
  });
  if (claimed.file !== undefined && end < claimed.file - 1) throw cutOff(name, claimed.file, end);
  return describe({
    name,
    path,
    size,
    found,
    video,
    delaySeconds,
    durationSeconds: claimed.picture ?? end - delaySeconds,
  });
}

function noPicture(name: string, found: Found): InvalidInput {
  const hasSound = found.streams.some((stream) => stream.codec_type === 'audio');
  return new InvalidInput(`${name} has no video track${hasSound ? ' (it is an audio file)' : ''}`, { name });
}

/** What the container says of its length. Browsers' recordings say nothing. */
function claimedSeconds(video: Stream, found: Found, start: number, delay: number) {
  const whole = Number(found.format.duration);
  // MP4 states a track's length, Matroska the time stamp at which it ends.
  const own = Number(video.duration ?? (secondsOfTag(video.tags?.DURATION) ?? Number.NaN) - start - delay);
  const file = whole > 0 ? whole : undefined;
  return { file, picture: own > 0 ? own : file === undefined ? undefined : file - delay };
}

function secondsOfTag(tag: string | undefined): number | undefined {
  const [hours, minutes, seconds] = (tag ?? '').split(':').map(Number);
  return seconds === undefined ? undefined : Number(hours) * 3600 + Number(minutes) * 60 + seconds;
}

const cutOff = (name: string, claimed: number, end: number) =>
  new InvalidInput(
    `${name} is cut off: it should last ${claimed.toFixed(1)} s but ends after ${Math.max(0, end).toFixed(1)} s`,
    {
      name,
    },
  );

function describe(facts: {
  name: string;
  path: string;
  size: number;
  found: Found;
  video: Stream;
  delaySeconds: number;
  durationSeconds: number;
}): Probe {
  const { name, path, size, found, video, delaySeconds, durationSeconds } = facts;
  const interlaced = ['tt', 'bb', 'tb', 'bt'].includes(video.field_order ?? '');
  const { rate, variable } = rateOf(video, interlaced);
  const frames = Math.round(durationSeconds * framesPerSecond(rate));
  if (frames < 1 || !(Number(video.width) > 0))
    throw new InvalidInput(`${name} has no picture that can be read`, { name });
  if (Number(video.width) * Number(video.height) > mostPixels)
    throw new InvalidInput(`${name} has a picture of ${video.width} × ${video.height}, more than can be edited (8K)`, {
      name,
    });
  const sounds = found.streams.filter((stream) => stream.codec_type === 'audio' && Number(stream.sample_rate) > 0);
  const sound = sounds.find((stream) => stream.disposition?.default === 1) ?? sounds[0];
  return {
    name,
    path,
    sizeBytes: size,
    format: found.format.format_name.split(',')[0] ?? found.format.format_name,
    durationSeconds,
    video: {
      streamIndex: video.index,
      delaySeconds,
      ...shownSize(video),
      frameRate: rate,
      variableFrameRate: variable,
      frames,
      pixelFormat: video.pix_fmt ?? 'unknown',
      fullRange: video.color_range === 'pc' || (video.pix_fmt ?? '').startsWith('yuvj'),
      interlaced,
      dynamicRange:
        video.color_transfer === 'smpte2084' ? 'pq' : video.color_transfer === 'arib-std-b67' ? 'hlg' : 'sdr',
    },
    ...(sound === undefined
      ? {}
      : { sound: { streamIndex: sound.index, channels: sound.channels ?? 2, sampleRate: Number(sound.sample_rate) } }),
  };
}

/** Some containers give an interlaced video's base rate in half pictures. */
function rateOf(video: Stream, interlaced: boolean) {
  const average = parseRate(video.avg_frame_rate);
  const base = (interlaced ? average : undefined) ?? parseRate(video.r_frame_rate) ?? average;
  if (base === undefined) return { rate: { numerator: 30, denominator: 1 }, variable: true };
  return editingRate(base, average ?? base);
}

/** Every frame that FFmpeg holds costs memory, and it holds dozens. */
const mostPixels = 8192 * 4608;

function shownSize(video: Stream) {
  const [wide = 1, high = 1] = (video.sample_aspect_ratio ?? '1:1').split(':').map(Number);
  const pixelShape = wide > 0 && high > 0 ? wide / high : 1;
  const rotation =
    ((Math.round(video.side_data_list?.find((data) => data.rotation !== undefined)?.rotation ?? 0) % 360) + 360) % 360;
  const width = Math.round((video.width ?? 0) * pixelShape);
  const height = video.height ?? 0;
  const onItsSide = rotation % 180 === 90;
  const size = onItsSide ? { width: height, height: width } : { width, height };
  return { ...size, rotation, squarePixels: Math.abs(pixelShape - 1) < 0.001 };
}
