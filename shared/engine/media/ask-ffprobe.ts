import * as z from 'zod';
import { InvalidInput } from '../../errors.ts';
import type { Media } from './index.ts';
import { hasMp4Boxes } from './refuse-other-formats.ts';
import { ProgramFailed, runProgram, safeInput } from './run-ffmpeg.ts';

/** What ffprobe says of a file, or in plain words why it says nothing. */
export async function askFfprobe(media: Media, path: string, name: string, signal?: AbortSignal): Promise<Found> {
  const lines: string[] = [];
  const args = ['-v', 'error', '-show_entries', entries, '-of', 'json', ...safeInput(path)];
  const notAVideo = new InvalidInput(`${name} is not a video in a format that can be read`, { name });
  try {
    const onOutputLine = (line: string) => void lines.push(line);
    await runProgram({ path: media.ffprobePath, args, wallSeconds: 60, onOutputLine, signal });
  } catch (error) {
    if (!(error instanceof ProgramFailed) || error.crashed) throw error;
    if (!/moov atom not found/.test(error.said) || !(await hasMp4Boxes(path))) throw notAVideo;
    const message = `${name} is cut off: its index is missing, so it was not written or copied to the end`;
    throw new InvalidInput(message, { name });
  }
  const found = foundSchema.parse(JSON.parse(lines.join('\n')));
  // Readers of raw sound find something in almost any bytes.
  if ((found.format.probe_score ?? 100) < 30) throw notAVideo;
  return found;
}

/** Only what is read below: a file may carry a gigabyte of tags. */
const entries = [
  'format=format_name,start_time,duration,probe_score',
  `stream=${[
    ...['index', 'codec_type', 'codec_name', 'width', 'height', 'sample_aspect_ratio', 'pix_fmt', 'color_range'],
    ...['color_transfer', 'field_order', 'r_frame_rate', 'avg_frame_rate', 'start_time', 'duration', 'channels'],
    'sample_rate',
  ]}`,
  'stream_disposition=attached_pic,default',
  'stream_tags=DURATION',
  'stream_side_data=rotation',
].join(':');

const streamSchema = z.object({
  index: z.number(),
  codec_type: z.string().optional(),
  codec_name: z.string().optional(),
  width: z.number().optional(),
  height: z.number().optional(),
  sample_aspect_ratio: z.string().optional(),
  pix_fmt: z.string().optional(),
  color_range: z.string().optional(),
  color_transfer: z.string().optional(),
  field_order: z.string().optional(),
  r_frame_rate: z.string().optional(),
  avg_frame_rate: z.string().optional(),
  start_time: z.string().optional(),
  duration: z.string().optional(),
  channels: z.number().optional(),
  sample_rate: z.string().optional(),
  disposition: z.object({ attached_pic: z.number().optional(), default: z.number().optional() }).optional(),
  tags: z.object({ DURATION: z.string().optional() }).optional(),
  side_data_list: z.array(z.object({ rotation: z.number().optional() })).optional(),
});

const foundSchema = z.object({
  streams: z.array(streamSchema),
  format: z.object({
    format_name: z.string(),
    start_time: z.string().optional(),
    duration: z.string().optional(),
    probe_score: z.number().optional(),
  }),
});

export type Stream = z.infer<typeof streamSchema>;
export type Found = z.infer<typeof foundSchema>;
