import { stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { InvalidInput, PermanentError } from '../../errors.ts';
import { filterGraph, renderedSeconds } from './filter-graph.ts';
import { framesPerSecond } from './frame-rate.ts';
import type { Media } from './index.ts';
import { drawMark, widestDrawn } from './mark.ts';
import { inPlainWords } from './plain-words.ts';
import type { Probe } from './probe.ts';
import { runProgram, safeInput, steadySound } from './run-ffmpeg.ts';
import { keptFrames, type Timeline, timelineSchema } from './timeline.ts';

export interface RenderJob {
  source: Probe;
  timeline: Timeline;
  outputPath: string;
  workDir: string;
  limits: { wallSeconds: number; outputBytes: number };
  onProgress?: (fraction: number) => void;
  signal?: AbortSignal;
}

/** Makes the file that a timeline describes: one FFmpeg, one decode, one encode. */
export async function render(media: Media, job: RenderJob): Promise<{ durationSeconds: number; sizeBytes: number }> {
  const timeline = timelineSchema.parse(job.timeline);
  const graphPath = join(job.workDir, 'graph.txt');
  await writeFile(graphPath, filterGraph(timeline, job.source));
  const args = renderArguments({
    source: job.source,
    graph: [await media.graphFileOption(), graphPath],
    markPaths: await writeMarks(timeline, job.workDir),
    outputPath: job.outputPath,
  });
  const frames = await encode(media, job, args, keptFrames(timeline));
  if (frames < keptFrames(timeline)) throw endedEarly(job, frames);
  const { size } = await stat(job.outputPath);
  if (size > job.limits.outputBytes) throw tooLarge(job.limits.outputBytes);
  return { durationSeconds: renderedSeconds(timeline), sizeBytes: size };
}

export const renderArguments = (command: {
  source: Probe;
  graph: [option: string, path: string];
  markPaths: string[];
  outputPath: string;
}): string[] => [
  ...['-hide_banner', '-nostdin', '-nostats', '-loglevel', 'warning', '-progress', 'pipe:1', '-y'],
  ...sourceOptions(command.source),
  ...safeInput(command.source.path, command.source.format),
  ...command.markPaths.flatMap((path) => safeInput(path, 'png_pipe')),
  ...command.graph,
  ...['-map', '[picture]', ...(command.source.sound === undefined ? [] : ['-map', '[sound]'])],
  // Where and on what a clip was filmed is nobody's business downstream; chapters no longer fit after a cut.
  ...['-map_metadata', '-1', '-map_chapters', '-1'],
  ...encoderArguments,
  ...['-f', 'mp4', `file:${command.outputPath}`],
];

/**
 * A graph that FFmpeg sets up anew half-way would lose count of what it has kept. The picture's own first filter copes
 * with a change; a turned picture passes through FFmpeg's filters before it, which do not; sound that changes is refused.
 */
const sourceOptions = ({ video }: Probe): string[] =>
  video.stored === undefined ? [...steadySound] : ['-noautorotate', '-reinit_filter', '0'];

/** Plays everywhere, starts before it is fully downloaded. Preset and quality are x264's usual bargain for previews. */
export const encoderArguments = [
  ...['-c:v', 'libx264', '-preset', 'veryfast', '-crf', '20', '-pix_fmt', 'yuv420p'],
  ...['-c:a', 'aac', '-b:a', '160k', '-movflags', '+faststart'],
];

async function writeMarks({ steps }: Timeline, workDir: string): Promise<string[]> {
  const paths: string[] = [];
  for (const step of steps) {
    if (step.kind !== 'mark') continue;
    const path = join(workDir, `mark-${paths.length + 1}.png`);
    await writeFile(path, drawMark(Math.min(step.width, widestDrawn), step.opacity));
    paths.push(path);
  }
  return paths;
}

async function encode(media: Media, job: RenderJob, args: string[], expectedFrames: number): Promise<number> {
  let frames = 0;
  await inPlainWords(job.source, () =>
    runProgram({
      path: media.ffmpegPath,
      args,
      wallSeconds: job.limits.wallSeconds,
      signal: job.signal,
      onOutputLine: (line, stop) => {
        const [name, value] = line.split('=');
        if (name === 'total_size' && Number(value) > job.limits.outputBytes) stop(tooLarge(job.limits.outputBytes));
        if (name !== 'frame') return;
        frames = Number(value);
        job.onProgress?.(Math.min(1, frames / expectedFrames));
      },
    }),
  );
  return frames;
}

const endedEarly = ({ source, timeline }: RenderJob, frames: number) =>
  new InvalidInput(
    `${source.name} is cut off: its picture ends about ${Math.round(
      (keptFrames(timeline) - frames) / framesPerSecond(timeline.frameRate),
    )} s before it should`,
    { name: source.name, frames },
  );

const tooLarge = (outputBytes: number) =>
  new PermanentError(`the edited video would be larger than the limit of ${Math.round(outputBytes / 1e6)} MB`, {
    outputBytes,
  });
