import type { Media } from './index.ts';
import { ProgramFailed, runProgram, safeInput } from './run-ffmpeg.ts';

const tailSeconds = 5;

/**
 * When the last packet that is really there ends. A download that stopped half-way still carries its promise at the
 * front; only the end tells. Where nothing is promised, all packets are walked through (not decoded).
 */
export async function lastMoment(
  media: Media,
  file: { path: string; claimedSeconds?: number; startSeconds: number; signal?: AbortSignal },
): Promise<number> {
  const from = (file.claimedSeconds ?? 0) - tailSeconds;
  let end = await lastPacket(media, file, from > 0 ? file.startSeconds + from : undefined);
  // Some files cannot be searched, and a seek past a cut finds nothing.
  if (end === undefined && from > 0) end = await lastPacket(media, file, undefined);
  return (end ?? file.startSeconds) - file.startSeconds;
}

async function lastPacket(media: Media, file: { path: string; signal?: AbortSignal }, fromSeconds?: number) {
  let end: number | undefined;
  const interval = fromSeconds === undefined ? [] : ['-read_intervals', `${fromSeconds.toFixed(3)}%`];
  const onOutputLine = (line: string) => {
    const [start, duration] = line.split(',').map(Number);
    if (start === undefined || Number.isNaN(start)) return;
    end = Math.max(end ?? 0, start + (duration || 0));
  };
  const entries = ['-show_entries', 'packet=pts_time,duration_time', '-of', 'csv=p=0'];
  const args = ['-v', 'error', ...interval, ...entries, ...safeInput(file.path)];
  try {
    await runProgram({ path: media.ffprobePath, args, wallSeconds: 120, onOutputLine, signal: file.signal });
  } catch (error) {
    // What was read until it gave up is the answer.
    if (!(error instanceof ProgramFailed)) throw error;
  }
  return end;
}
