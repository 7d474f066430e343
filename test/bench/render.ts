import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { editVideo } from '../../shared/engine/edit.ts';
import { measure } from '../../shared/engine/media/measure.ts';
import { probe } from '../../shared/engine/media/probe.ts';
import { encoderArguments, render } from '../../shared/engine/media/render.ts';
import { runProgram } from '../../shared/engine/media/run-ffmpeg.ts';
import { type Timeline, timelineOf } from '../../shared/engine/media/timeline.ts';
import { colorCorrection } from '../../shared/engine/tiles/color-correction.ts';
import { readParameters, type Tile } from '../../shared/engine/tiles/index.ts';
import { reframe } from '../../shared/engine/tiles/reframe.ts';
import { silenceRemoval } from '../../shared/engine/tiles/silence-removal.ts';
import { watermark } from '../../shared/engine/tiles/watermark.ts';
import { clip, testMedia } from '../support/clips.ts';

export const benchConditions =
  '20 s of 1920 × 1080 at 30 fps (testsrc2, a tone with 0.8 s of silence every 3 s) → 1080 × 1920 cropped, ' +
  'silence removal + reframe + color + watermark, libx264 veryfast crf 20, median of 5 interleaved';

export interface Bench {
  renderSeconds: number;
  handWrittenSeconds: number;
  transcodeSeconds: number;
  wholeEditSeconds: number;
}

/** The engine against one command that a person would write for the same edit, and against doing nothing but encode. */
export async function benchRender(rounds = 5): Promise<Bench> {
  const media = await testMedia();
  const folder = await mkdtemp(join(tmpdir(), 'tessera-bench-'));
  try {
    const inputPath = await benchClip();
    const source = await probe(media, inputPath);
    const timeline = await decide(source);
    const limits = { wallSeconds: 600, outputBytes: 1e9, inputSeconds: 60 };
    const out = (name: string) => join(folder, `${name}.mp4`);
    // Drawn by our own render beforehand: a person has their logo ready.
    await render(media, { source, timeline, outputPath: out('first'), workDir: folder, limits });
    const contenders = {
      renderSeconds: () => render(media, { source, timeline, outputPath: out('render'), workDir: folder, limits }),
      handWrittenSeconds: () => ffmpeg(handWritten(inputPath, timeline, join(folder, 'mark-1.png'), out('hand'))),
      transcodeSeconds: () => ffmpeg(['-i', inputPath, ...encoderArguments, out('transcode')]),
      wholeEditSeconds: () =>
        editVideo(media, {
          ...{ inputPath, outputPath: out('edit'), thumbnailPath: join(folder, 'edit.jpg'), workDir: folder, limits },
          chain: polish.map(({ nodeTypeId }) => ({ nodeTypeId, parameters: {} })),
        }),
    };
    return await medians(contenders, rounds);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export const benchClip = () =>
  clip('bench.mp4', [
    ...['-f', 'lavfi', '-i', 'testsrc2=size=1920x1080:rate=30:duration=20'],
    ...['-f', 'lavfi', '-i', "aevalsrc='0.5*sin(2*PI*440*t)*lt(mod(t,3),2.2)':sample_rate=48000:duration=20"],
    ...['-c:v', 'libx264', '-preset', 'veryfast', '-crf', '18', '-pix_fmt', 'yuv420p', '-c:a', 'aac', '-b:a', '128k'],
  ]);

const polish: Tile[] = [silenceRemoval, reframe, colorCorrection, watermark];

async function decide(source: Awaited<ReturnType<typeof probe>>): Promise<Timeline> {
  let timeline = timelineOf(source);
  for (const tile of polish) {
    const parameters = readParameters(tile, {});
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
    `eq=contrast=1.05:saturation=1.1[v];[v][1:v]overlay=${mark?.x}:${mark?.y}[out];[0:a]aselect='${spoken}',asetpts=N/SR/TB[sound]`;
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

/** Interleaved, so that whatever else the machine does falls on all of them alike. */
async function medians<Name extends string>(contenders: Record<Name, () => Promise<unknown>>, rounds: number) {
  const names = Object.keys(contenders) as Name[];
  const times = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>;
  for (let round = 0; round < rounds; round++)
    for (const name of names) {
      const start = performance.now();
      await contenders[name]();
      times[name].push((performance.now() - start) / 1000);
    }
  const median = (list: number[]) => list.sort((a, b) => a - b)[list.length >> 1] ?? Number.NaN;
  return Object.fromEntries(names.map((name) => [name, median(times[name])])) as Record<Name, number>;
}

export function printBench({ renderSeconds, handWrittenSeconds, transcodeSeconds, wholeEditSeconds }: Bench): void {
  const row = (what: string, seconds: number) =>
    console.log(
      `${what.padEnd(44)}${seconds.toFixed(2).padStart(8)} s${(seconds / handWrittenSeconds).toFixed(2).padStart(8)}${(seconds / transcodeSeconds).toFixed(2).padStart(8)}`,
    );
  console.log(`${benchConditions}\n`);
  console.log(`${''.padEnd(44)}${'time'.padStart(10)}${'÷ hand'.padStart(8)}${'÷ bare'.padStart(8)}`);
  row('our render', renderSeconds);
  row('the same edit, one hand-written command', handWrittenSeconds);
  row('bare transcode, no edit', transcodeSeconds);
  row('our whole edit (probe, measure, thumbnail)', wholeEditSeconds);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) printBench(await benchRender());
