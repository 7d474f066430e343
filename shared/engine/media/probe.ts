import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { InvalidInput } from '../../errors.ts';
import { askFfprobe, type Found, type Stream } from './ask-ffprobe.ts';
import { editingRate, type FrameRate, framesPerSecond, parseRate } from './frame-rate.ts';
import type { Media } from './index.ts';
import { lastMoments } from './last-moment.ts';
import { otherFormatOf } from './refuse-other-formats.ts';

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
  /** Undefined when the file asks for its picture to be turned, which FFmpeg does before any filter of ours. */
  stored?: { width: number; height: number };
  /** The last picture is shown from here on: a recording of a still screen may have none for its last minutes. */
  lastPictureSeconds: number;
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
  const kind = await otherFormatOf(path);
  if (kind !== undefined) throw new InvalidInput(`${name} is not a video: it is ${kind}`, { name });
  const found = await askFfprobe(media, path, name, options.signal);
  const video = found.streams.find((stream) => stream.codec_type === 'video' && stream.disposition?.attached_pic !== 1);
  if (video === undefined) throw noPicture(name, found);
  const start = Number(found.format.start_time ?? 0) || 0;
  const delaySeconds = Math.max(0, (Number(video.start_time ?? start) || 0) - start);
  const claimed = claimedSeconds(video, found, start, delaySeconds);
  const { end, lastPicture } = await lastMoments(media, {
    path,
    pictureIndex: video.index,
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
    lastPictureSeconds: Math.max(0, lastPicture - delaySeconds),
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
  lastPictureSeconds: number;
}): Probe {
  const { name, path, size, found, video, delaySeconds, durationSeconds, lastPictureSeconds } = facts;
  const interlaced = ['tt', 'bb', 'tb', 'bt'].includes(video.field_order ?? '');
  const { rate, variable } = rateOf(video, interlaced);
  const frames = Math.round(durationSeconds * framesPerSecond(rate));
  const stored = { width: video.width ?? 0, height: video.height ?? 0 };
  const shown = shownSize(video);
  if (frames < 1 || stored.width < 1 || stored.height < 1)
    throw new InvalidInput(`${name} has no picture that can be read`, { name });
  for (const { width, height } of [stored, shown])
    if (width * height > mostPixels || Math.max(width, height) > longestSide)
      throw new InvalidInput(`${name} has a picture of ${width} × ${height}, more than can be edited (8K)`, { name });
  // A telephone's spatial sound, which FFmpeg does not know, lies beside a track that it does.
  const sounds = found.streams.filter(
    ({ codec_type, codec_name = 'unknown', sample_rate }) =>
      codec_type === 'audio' && codec_name !== 'unknown' && Number(sample_rate) > 0,
  );
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
      ...shown,
      ...(isTurned(video) ? {} : { stored }),
      lastPictureSeconds,
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
/** The encoder's own limit. */
const longestSide = 16_384;

const isTurned = (video: Stream): boolean =>
  video.side_data_list?.some(({ rotation }) => rotation !== undefined) ?? false;

function shownSize(video: Stream) {
  const [wide = 1, high = 1] = (video.sample_aspect_ratio ?? '1:1').split(':').map(Number);
  const pixelShape = wide > 0 && high > 0 ? wide / high : 1;
  const rotation =
    ((Math.round(video.side_data_list?.find((data) => data.rotation !== undefined)?.rotation ?? 0) % 360) + 360) % 360;
  const width = Math.round((video.width ?? 0) * pixelShape);
  const height = video.height ?? 0;
  const onItsSide = rotation % 180 === 90;
  const size = onItsSide ? { width: height, height: width } : { width, height };
  return { ...size, squarePixels: Math.abs(pixelShape - 1) < 0.001 };
}
