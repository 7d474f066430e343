import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readyAgents } from '../../shared/engine/agents/ready-agents.ts';
import { measure } from '../../shared/engine/media/measure.ts';
import { probe } from '../../shared/engine/media/probe.ts';
import { encoderArguments, render } from '../../shared/engine/media/render.ts';
import { runProgram } from '../../shared/engine/media/run-ffmpeg.ts';
import { type Timeline, timelineOf } from '../../shared/engine/media/timeline.ts';
import { readParameters, tileFor } from '../../shared/engine/tiles/index.ts';
import { editVideo } from '../../shared/engine/work/edit.ts';
import { clip, testMedia } from '../support/clips.ts';

export const benchConditions =
  '20 s of 1920 × 1080 at 30 fps (testsrc2, a tone with 0.8 s of silence every 3 s) → 1080 × 1920 cropped, ' +
  'silence removal + reframe + color + watermark, libx264 veryfast crf 20';

/** What takes turns: the engine, one command that a person would write for the same edit, and nothing but encoding. */
export async function openContenders() {
  const media = await testMedia();
  const folder = await mkdtemp(join(tmpdir(), 'tessera-bench-'));
  const inputPath = await benchClip();
  const source = await probe(media, inputPath);
  const timeline = await decide(source);
  const limits = { wallSeconds: 600, outputBytes: 1e9, inputSeconds: 60 };
  const out = (name: string) => join(folder, `${name}.mp4`);
  // Draws the mark beforehand: a person has their logo ready.
  await render(media, { source, timeline, outputPath: out('first'), workDir: folder, limits });
  const contenders = {
    render: () => render(media, { source, timeline, outputPath: out('render'), workDir: folder, limits }),
    handWritten: () => ffmpeg(handWritten(inputPath, timeline, join(folder, 'mark-1.png'), out('hand'))),
    transcode: () => ffmpeg(['-i', inputPath, ...encoderArguments, out('transcode')]),
    wholeEdit: () =>
      editVideo(media, {
        ...{ inputPath, outputPath: out('edit'), thumbnailPath: join(folder, 'edit.jpg'), workDir: folder, limits },
        chain: polish.map(({ nodeTypeId, parameters }) => ({ nodeTypeId, parameters })),
      }),
  };
  return { contenders, close: () => rm(folder, { recursive: true, force: true }) };
}

export const benchClip = () =>
  clip('bench.mp4', [
    ...['-f', 'lavfi', '-i', 'testsrc2=size=1920x1080:rate=30:duration=20'],
    ...['-f', 'lavfi', '-i', "aevalsrc='0.5*sin(2*PI*440*t)*lt(mod(t,3),2.2)':sample_rate=48000:duration=20"],
    ...['-c:v', 'libx264', '-preset', 'veryfast', '-crf', '18', '-pix_fmt', 'yuv420p', '-c:a', 'aac', '-b:a', '128k'],
  ]);

/** The agent that the local world and a new stage have under this name, without its input. */
const polish = readyAgents.find(({ name }) => name === 'polish')?.nodes.slice(1) ?? [];

async function decide(source: Awaited<ReturnType<typeof probe>>): Promise<Timeline> {
  let timeline = timelineOf(source);
  for (const { nodeTypeId, parameters: given } of polish) {
    const tile = tileFor(nodeTypeId);
    if (tile === undefined) throw new Error(`There is no tile for ${nodeTypeId}.`);
    const parameters = readParameters(tile, given);
    const measured = await measure(await testMedia(), source, tile.measures(parameters), { wallSeconds: 60 });
    timeline = tile.plan({ timeline, measured, parameters });
  }
  return timeline;
}

/** As found in answers all over the web, with the times of the speech already known. */
function handWritten(inputPath: string, { kept, steps }: Timeline, markPath: string, outputPath: string): string[] {
  const spoken = kept
    .map(({ startFrame, endFrame }) => `between(t,${startFrame / 30},${(endFrame - 0.5) / 30})`)
    .join('+');
  const mark = steps.find((step) => step.kind === 'mark');
  const graph =
    `[0:v]select='${spoken}',setpts=N/FRAME_RATE/TB,crop=608:1080,scale=1080:1920,setsar=1,` +
    `eq=contrast=1.05:saturation=1.15[v];[v][1:v]overlay=${mark?.x}:${mark?.y}[out];[0:a]aselect='${spoken}',asetpts=N/SR/TB[sound]`;
  return [
    '-i',
    inputPath,
    '-i',
    markPath,
    '-filter_complex',
    graph,
    '-map',
    '[out]',
    '-map',
    '[sound]',
    '-r',
    '30',
    ...encoderArguments,
    outputPath,
  ];
}

async function ffmpeg(args: string[]) {
  const { ffmpegPath } = await testMedia();
  await runProgram({ path: ffmpegPath, args: ['-v', 'error', '-nostdin', '-y', ...args], wallSeconds: 600 });
}
