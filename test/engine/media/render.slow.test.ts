import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FrameRange } from '../../../shared/engine/media/frame-ranges.ts';
import { probe } from '../../../shared/engine/media/probe.ts';
import { type RenderJob, render } from '../../../shared/engine/media/render.ts';
import { keeping, type Timeline, timelineOf, withStep } from '../../../shared/engine/media/timeline.ts';
import {
  broadcastClip,
  broadcastStream,
  changingSoundClip,
  clickingClip,
  crowdedClip,
  hdrClip,
  matroskaClip,
  oddClip,
  redAndBlueClip,
  renamedFormat,
  resizedClip,
  rotatedClip,
  soundlessClip,
  stillScreenClip,
  talkingClip,
  testMedia,
  variableRateClip,
  widePixelsClip,
} from '../../support/clips.ts';
import { colorAt, factsOf, frameNumbers, onsetsOf } from '../../support/look-at-clip.ts';

let workDir: string;
beforeAll(async () => {
  workDir = await mkdtemp(join(tmpdir(), 'tessera-render-'));
});
afterAll(() => rm(workDir, { recursive: true, force: true }));

describe('cutting', () => {
  it('keeps exactly the chosen frames, and as much sound', async () => {
    const kept = [range(3, 10), range(31, 32), range(90, 117)];
    const output = await rendered(await talkingClip(), (timeline) => keeping(timeline, kept));
    expect(await frameNumbers(output)).toEqual(kept.flatMap(numbers));
    expect(await lengthDifference(output)).toBeLessThan(1 / 60);
  });

  it('keeps sound and picture together after many cuts', async () => {
    // One frame in ten goes, so every click of the second half has moved by more than half a second.
    const kept = Array.from({ length: 15 }, (_, i) => range(i * 10, i * 10 + 9));
    const output = await rendered(await clickingClip(), (timeline) => keeping(timeline, kept));
    const shown = kept.flatMap(numbers);
    expect(await frameNumbers(output)).toEqual(shown);
    const wanted = Array.from({ length: 10 }, (_, click) => shown.indexOf(click * 15) / 30);
    const heard = await onsetsOf(output);
    expect(heard).toHaveLength(wanted.length);
    for (const [click, seconds] of heard.entries())
      expect(Math.abs(seconds - (wanted[click] ?? -1))).toBeLessThan(0.01);
  });

  it('stays exact at 30000/1001 frames per second, where a frame is no whole number of samples at 48 kHz', async () => {
    const kept = Array.from({ length: 20 }, (_, i) => range(i * 5, i * 5 + 3));
    const output = await rendered(await broadcastClip(), (timeline) => keeping(timeline, kept));
    expect(await frameNumbers(output)).toEqual(kept.flatMap(numbers));
    const { video, sound } = await factsOf(output);
    expect(video).toMatchObject({ r_frame_rate: '30000/1001' });
    expect(sound).toMatchObject({ sample_rate: '48000' });
    expect(await lengthDifference(output)).toBeLessThan(1 / 60);
  });

  it('gives a variable frame rate a constant one without moving sound against picture', async () => {
    const output = await rendered(await variableRateClip());
    const frames = await frameNumbers(output);
    expect(frames).toHaveLength(120);
    expect(frames.slice(28, 62)).toEqual([28, 29, 30, ...Array(29).fill(30), 60, 61]);
    expect((await onsetsOf(output))[4]).toBeCloseTo(2, 2);
  });

  it('keeps count when the picture changes its size half-way', async () => {
    const kept = [range(0, 20), range(40, 60)];
    const output = await rendered(await resizedClip(), (timeline) => keeping(timeline, kept));
    expect((await factsOf(output)).video).toMatchObject({ width: 320, height: 180 });
    expect(await frameNumbers(output)).toEqual(kept.flatMap(numbers).map((frame) => frame % 30));
    const heard = await onsetsOf(output);
    expect(heard.map((seconds) => Math.round(seconds * 20) / 20)).toEqual([0, 0.5, 0.85]);
    expect(await lengthDifference(output)).toBeLessThan(1 / 60);
  });

  it('shows the last picture for as long as there is sound', async () => {
    const frames = await frameNumbers(await rendered(await stillScreenClip()));
    expect([frames.length, frames.at(-1)]).toEqual([120, 29]);
  });

  it('refuses sound that changes half-way, and says so', async () => {
    await expect(rendered(await changingSoundClip())).rejects.toThrow(
      'changing-sound.ts changes its sound half-way to another rate or other channels',
    );
  });
});

describe('the picture', () => {
  it('is turned as the file asks', async () => {
    const output = await rendered(await rotatedClip());
    expect((await factsOf(output)).video).toMatchObject({ width: 180, height: 320 });
    const [top, bottom] = [await colorAt(output, 0, 0.5, 0.2), await colorAt(output, 0, 0.5, 0.8)];
    // A quarter turn against the clock: what was right is on top.
    expect(top[2]).toBeGreaterThan(200);
    expect(bottom[0]).toBeGreaterThan(200);
  });

  it('gets even sides and square pixels', async () => {
    const odd = await factsOf(await rendered(await oddClip()));
    expect(odd.video).toMatchObject({ width: 160, height: 90, pix_fmt: 'yuv420p' });
    const wide = await factsOf(await rendered(await widePixelsClip()));
    expect(wide.video).toMatchObject({ width: 320, height: 180, sample_aspect_ratio: '1:1' });
  });

  it('goes through the steps in their order', async () => {
    const output = await rendered(await redAndBlueClip(), (timeline) => {
      const left = withStep(timeline, { kind: 'crop', x: 0, y: 0, width: 160, height: 180 });
      const flipped = withStep(left, { kind: 'flip', axis: 'horizontal' });
      return withStep(flipped, { kind: 'pad', x: 160, y: 0, width: 320, height: 180, color: '#00ff00' });
    });
    expect(await colorAt(output, 0.5, 0.25, 0.5)).toSatisfy(isMostly(1));
    expect(await colorAt(output, 0.5, 0.75, 0.5)).toSatisfy(isMostly(0));
  });

  it('carries the mark where it was placed and nowhere else', async () => {
    const output = await rendered(await widePixelsClip(), (timeline) =>
      withStep(timeline, { kind: 'mark', x: 100, y: 100, width: 200, opacity: 1 }),
    );
    // The first tile of the T begins one tile in from the mark's corner.
    const [red, , blue] = await colorAt(output, 0.5, 118 / 320, 108 / 180);
    expect(red).toBeGreaterThan(150);
    expect(blue).toBeLessThan(120);
    expect(Math.max(...(await colorAt(output, 0.5, 0.1, 0.1)))).toBeLessThan(20);
  });

  it('of a camcorder loses its comb teeth and gets square pixels', async () => {
    const { video } = await factsOf(await rendered(await broadcastStream()));
    expect(video).toMatchObject({ width: 768, height: 576, r_frame_rate: '25/1', sample_aspect_ratio: '1:1' });
    expect(video?.field_order ?? 'progressive').toBe('progressive');
  });

  it('is brought from HDR to the standard range', async () => {
    const { video } = await factsOf(await rendered(await hdrClip()));
    expect(video).toMatchObject({ pix_fmt: 'yuv420p', color_transfer: 'bt709' });
  });
});

describe('what cannot be decoded', () => {
  it('is said in words that say nothing of FFmpeg’s insides', async () => {
    const path = await renamedFormat('avc1', 'zzzz');
    await expect(rendered(path)).rejects.toThrow(/^zzzz\.mp4 is in a format that this FFmpeg cannot decode$/);
    // FFmpeg 5 leaves such pictures out instead of giving up, so all that can be said is that they are not there.
    const inWords = /^v210\.mp4 (cannot be decoded: |is cut off: )/;
    await expect(rendered(await renamedFormat('avc1', 'v210'))).rejects.toThrow(inWords);
  });
});

describe('the file', () => {
  it('has one picture and one sound track, and tells nobody where it was filmed', async () => {
    const { streams, format } = await factsOf(await rendered(await crowdedClip()));
    expect(streams.map(({ codec_type }) => codec_type)).toEqual(['video', 'audio']);
    expect(streams[0]).toMatchObject({ width: 320 });
    expect(format.tags).not.toHaveProperty('location');
  });

  it('has no sound when the source has none', async () => {
    const { streams } = await factsOf(await rendered(await soundlessClip()));
    expect(streams.map(({ codec_type }) => codec_type)).toEqual(['video']);
  });

  it('is as long as a Matroska source, which states no length per track', async () => {
    expect(await frameNumbers(await rendered(await matroskaClip()))).toEqual(numbers(range(0, 60)));
  });
});

describe('limits', () => {
  it('stops when the file grows beyond its limit', async () => {
    const limits = { wallSeconds: 60, outputBytes: 1000 };
    await expect(rendered(await talkingClip(), undefined, { limits })).rejects.toThrow('larger than the limit');
  });

  it('stops when it is called off', async () => {
    const signal = AbortSignal.abort(new Error('the run was cancelled'));
    await expect(rendered(await talkingClip(), undefined, { signal })).rejects.toThrow('the run was cancelled');
  });

  it('reports progress that ends at one', async () => {
    const fractions: number[] = [];
    await rendered(await talkingClip(), undefined, { onProgress: (fraction) => fractions.push(fraction) });
    expect(fractions.at(-1)).toBe(1);
    expect(fractions).toEqual([...fractions].sort((a, b) => a - b));
  });
});

let outputs = 0;

async function rendered(path: string, edit = (timeline: Timeline) => timeline, options: Partial<RenderJob> = {}) {
  const media = await testMedia();
  const source = await probe(media, path);
  outputs += 1;
  const outputPath = join(workDir, `${outputs}.mp4`);
  const limits = { wallSeconds: 60, outputBytes: 1e8 };
  await render(media, { source, timeline: edit(timelineOf(source)), outputPath, workDir, limits, ...options });
  return outputPath;
}

async function lengthDifference(path: string): Promise<number> {
  const { video, sound } = await factsOf(path);
  return Math.abs(Number(video?.duration) - Number(sound?.duration));
}

const range = (startFrame: number, endFrame: number): FrameRange => ({ startFrame, endFrame });

const numbers = ({ startFrame, endFrame }: FrameRange): number[] =>
  Array.from({ length: endFrame - startFrame }, (_, index) => startFrame + index);

const isMostly = (channel: 0 | 1 | 2) => (color: number[]) =>
  color.every((value, index) => (index === channel ? value > 180 : value < 90));
