import type { Media } from './index.ts';
import { ProgramFailed, runProgram, safeInput } from './run-ffmpeg.ts';

interface Moments {
  /** When the last packet of any track ends. */
  end: number;
  /** When the last picture begins. */
  lastPicture: number;
}

const tailSeconds = 5;

/**
 * What is really there at the end. A download that stopped half-way still carries its promise at the front; only the
 * end tells. Where nothing is promised, all packets are walked through (not decoded).
 */
export async function lastMoments(
  media: Media,
  file: { path: string; pictureIndex: number; claimedSeconds?: number; startSeconds: number; signal?: AbortSignal },
): Promise<Moments> {
  const { startSeconds } = file;
  const from = (file.claimedSeconds ?? 0) - tailSeconds;
  let found = await lastPackets(media, file, from > 0 ? startSeconds + from : undefined);
  // Some files cannot be searched, and a seek past a cut finds nothing.
  if (found.end === undefined && from > 0) found = await lastPackets(media, file, undefined);
  return {
    end: (found.end ?? startSeconds) - startSeconds,
    // No picture in the tail: the last one is somewhere before it.
    lastPicture: (found.lastPicture ?? startSeconds) - startSeconds,
  };
}

async function lastPackets(
  media: Media,
  file: { path: string; pictureIndex: number; signal?: AbortSignal },
  fromSeconds?: number,
): Promise<Partial<Moments>> {
  const found: Partial<Moments> = {};
  const interval = fromSeconds === undefined ? [] : ['-read_intervals', `${fromSeconds.toFixed(3)}%`];
  const onOutputLine = (line: string) => {
    const [stream, start, duration] = line.split(',').map(Number);
    if (start === undefined || Number.isNaN(start)) return;
    found.end = Math.max(found.end ?? 0, start + (duration || 0));
    if (stream === file.pictureIndex) found.lastPicture = Math.max(found.lastPicture ?? 0, start);
  };
  const entries = ['-show_entries', 'packet=stream_index,pts_time,duration_time', '-of', 'csv=p=0'];
  const args = ['-v', 'error', ...interval, ...entries, ...safeInput(file.path)];
  try {
    await runProgram({ path: media.ffprobePath, args, wallSeconds: 120, onOutputLine, signal: file.signal });
  } catch (error) {
    // What was read until it gave up is the answer.
    if (!(error instanceof ProgramFailed)) throw error;
  }
  return found;
}
