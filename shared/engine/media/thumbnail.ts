import type { Media } from './index.ts';
import { runProgram, safeInput } from './run-ffmpeg.ts';

/** A picture from early in the finished video. It is read back from there: a second output of the render would see every frame. */
export async function makeThumbnail(
  media: Media,
  video: { path: string; durationSeconds: number; thumbnailPath: string; signal?: AbortSignal },
): Promise<void> {
  // Not the very first frame, which is often black; not far either, since all frames up to it are decoded.
  const atSeconds = Math.min(1, video.durationSeconds / 3);
  await runProgram({
    path: media.ffmpegPath,
    args: [
      ...['-hide_banner', '-nostdin', '-nostats', '-loglevel', 'warning', '-y', '-ss', atSeconds.toFixed(3)],
      ...safeInput(video.path, 'mov'),
      ...['-map', '0:v:0', '-frames:v', '1', '-vf', 'scale=640:640:force_original_aspect_ratio=decrease'],
      ...['-c:v', 'mjpeg', '-q:v', '3', '-pix_fmt', 'yuvj420p', '-f', 'mjpeg', `file:${video.thumbnailPath}`],
    ],
    wallSeconds: 60,
    signal: video.signal,
  });
}
