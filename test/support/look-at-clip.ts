import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { testMedia } from './clips.ts';

const run = promisify(execFile);

/** The source frame that each frame of an edited clip shows, read from its bars. */
export async function frameNumbers(path: string): Promise<number[]> {
  const pixels = await decoded(['-i', path, '-vf', 'scale=8:1:flags=area,format=gray', '-f', 'rawvideo', '-']);
  return Array.from({ length: pixels.length / 8 }, (_, frame) =>
    [...pixels.subarray(frame * 8, frame * 8 + 8)].reduce(
      (number, value, bit) => number + (value > 125 ? 2 ** bit : 0),
      0,
    ),
  );
}

/** The sound, one channel at 48 kHz, -1 to 1. */
async function soundOf(path: string): Promise<Float32Array> {
  const bytes = await decoded(['-i', path, '-map', '0:a:0', '-ac', '1', '-ar', '48000', '-f', 'f32le', '-']);
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}

/** Moments at which sound begins after at least a tenth of a second of silence. */
export async function onsetsOf(path: string): Promise<number[]> {
  const samples = await soundOf(path);
  const onsets: number[] = [];
  let quietSince = -1e6;
  samples.forEach((sample, index) => {
    if (Math.abs(sample) < 0.2) return;
    if (index - quietSince > 4800) onsets.push(index / 48_000);
    quietSince = index;
  });
  return onsets;
}

/** Red, green and blue (0 to 255) at a place given as fractions of width and height. */
export async function colorAt(path: string, seconds: number, x: number, y: number): Promise<[number, number, number]> {
  const spot = `crop=2:2:floor(iw*${x}/2)*2:floor(ih*${y}/2)*2,scale=1:1:flags=area,format=rgb24`;
  const [red = -1, green = -1, blue = -1] = await decoded([
    ...['-ss', String(seconds), '-i', path, '-frames:v', '1', '-vf', spot, '-f', 'rawvideo', '-'],
  ]);
  return [red, green, blue];
}

export interface Facts {
  format: Record<string, unknown> & { duration: string; tags?: Record<string, string> };
  streams: (Record<string, unknown> & { codec_type: string; duration: string; nb_frames: string })[];
}

export async function factsOf(
  path: string,
): Promise<Facts & Record<'video' | 'sound', Facts['streams'][number] | undefined>> {
  const { ffprobePath } = await testMedia();
  const { stdout } = await run(ffprobePath, ['-v', 'error', '-show_format', '-show_streams', '-of', 'json', path]);
  const facts = JSON.parse(stdout) as Facts;
  const track = (type: string) => facts.streams.find(({ codec_type }) => codec_type === type);
  return { ...facts, video: track('video'), sound: track('audio') };
}

async function decoded(args: string[]): Promise<Buffer> {
  const { ffmpegPath } = await testMedia();
  const options = { encoding: 'buffer', maxBuffer: 1 << 28 } as const;
  return (await run(ffmpegPath, ['-v', 'error', '-nostdin', ...args], options)).stdout;
}
