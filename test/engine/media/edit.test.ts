import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { measureSilences } from '../../../shared/engine/media/analyse.ts';
import { type Media, openMedia } from '../../../shared/engine/media/index.ts';
import { probe } from '../../../shared/engine/media/probe.ts';
import { tiles } from '../../../shared/engine/tiles/index.ts';
import { type EditJob, editVideo } from '../../../shared/engine/work/edit.ts';
import {
  hushedClip,
  lateSoundStream,
  redAndBlueClip,
  soundlessClip,
  talkingClip,
  testMedia,
  tinyClip,
} from '../../support/clips.ts';
import { colorAt, factsOf, frameNumbers, onsetsOf } from '../../support/look-at-clip.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tessera-edit-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('editing', () => {
  it('really removes the silences', async () => {
    const { output, edited } = await edit(await talkingClip(), [['Silence Removal', { padding_seconds: 0.05 }]]);
    expect((await frameNumbers(output)).slice(0, 40)).toEqual([...numbers(0, 32), ...numbers(58, 66)]);
    expect(edited.durationSeconds).toBeCloseTo((32 + 34) / 30, 1);
    const media = await testMedia();
    const settings = { thresholdDb: -35, minSeconds: 0.5 };
    expect(await measureSilences(media, await probe(media, output), settings, { wallSeconds: 30 })).toEqual([]);
  });

  it('finds the silence before sound that begins late in a transport stream', async () => {
    const { output } = await edit(await lateSoundStream(), [['Silence Removal', { padding_seconds: 0.1 }]]);
    expect((await onsetsOf(output))[0]).toBeLessThan(0.2);
    expect((await frameNumbers(output))[0]).toBeGreaterThan(40);
  });

  it('describes what it made, and makes a picture of it', async () => {
    const { output, edited, thumbnail } = await edit(await talkingClip(), [
      ['Reframe', {}],
      ['Watermark', {}],
    ]);
    const { size } = await stat(output);
    expect(edited).toEqual({ durationSeconds: 4, width: 180, height: 320, sizeBytes: size, contentType: 'video/mp4' });
    expect((await factsOf(thumbnail)).video).toMatchObject({ codec_name: 'mjpeg', width: 360, height: 640 });
  });

  it('puts a mark on a picture that is smaller than a mark can be', async () => {
    const { edited } = await edit(await tinyClip(), [['Watermark', { logo_size: 1 }]]);
    expect(edited).toMatchObject({ width: 16, height: 16 });
  });

  it('keeps to the order of the tiles', async () => {
    // Mirrored, then cropped to the middle third and drawn out: red is right of the middle, blue left.
    const { output } = await edit(await redAndBlueClip(), [
      ['Mirror', {}],
      ['Reframe', { aspect_ratio: '1:1' }],
    ]);
    expect((await factsOf(output)).video).toMatchObject({ width: 180, height: 180 });
    expect((await colorAt(output, 0.5, 0.25, 0.5))[2]).toBeGreaterThan(180);
    expect((await colorAt(output, 0.5, 0.75, 0.5))[0]).toBeGreaterThan(180);
  });

  it.skipIf(process.platform === 'win32')('costs one decode and one encode, however many tiles', async () => {
    const media = await testMedia();
    const [program, log] = [join(folder, 'ffmpeg'), join(folder, 'commands.txt')];
    await writeFile(program, `#!/bin/sh\necho "$*" >> '${log}'\nexec '${media.ffmpegPath}' "$@"\n`, { mode: 0o755 });
    const source = await talkingClip();
    await edit(
      source,
      [
        ['Silence Removal', {}],
        ['Reframe', { aspect_ratio: '1:1' }],
        ['Color Correction', {}],
        ['Mirror', {}],
        ['Watermark', {}],
      ],
      {},
      openMedia({ ...media, ffmpegPath: program }),
    );
    const commands = (await readFile(log, 'utf8')).split('\n').filter((words) => words.includes(' -i '));
    // The first hears the sound and sees no picture; the last reads the result back for its picture.
    expect(commands.map((words) => [words.includes(`file:${source}`), words.includes('libx264')])).toEqual([
      [true, false],
      [true, true],
      [false, false],
    ]);
    expect(commands[0]).toMatch(/ -map 0:1 -af \S+ -f null -$/);
  });

  it('takes color away when asked to', async () => {
    const { output } = await edit(await redAndBlueClip(), [['Color Correction', { saturation: 0, contrast: 1 }]]);
    const [red, green, blue] = await colorAt(output, 0.5, 0.25, 0.5);
    expect(Math.max(red, green, blue) - Math.min(red, green, blue)).toBeLessThan(12);
  });

  it('leaves a video without sound whole', async () => {
    const { edited } = await edit(await soundlessClip(), [['Silence Removal', {}]]);
    expect(edited.durationSeconds).toBe(2);
  });

  it('refuses a video of nothing but silence, by its name', async () => {
    const refused = edit(await hushedClip(), [['Silence Removal', {}]], { inputName: 'lecture.mp4' });
    await expect(refused).rejects.toThrow('lecture.mp4: nothing but silence');
  });

  it('refuses a video that is longer than allowed before any work', async () => {
    const limits = { wallSeconds: 60, outputBytes: 1e8, inputSeconds: 3 };
    await expect(edit(await talkingClip(), [], { limits })).rejects.toThrow(
      'talking.mp4 lasts 4 s, longer than the limit of 3 s',
    );
  });

  it('measures the same content with the same settings only once', async () => {
    const remembered = new Map<string, unknown>();
    const asked: string[] = [];
    const measurements = {
      get: async (key: string) => {
        asked.push(key);
        return remembered.get(key);
      },
      set: async (key: string, value: unknown) => void remembered.set(key, JSON.parse(JSON.stringify(value))),
    };
    const first = await edit(await talkingClip(), [['Silence Removal', {}]], { measurements });
    const [key = ''] = asked;
    expect(remembered.get(key)).toHaveLength(2);
    // What is remembered is what is used: with one silence forgotten, its second stays in.
    remembered.set(key, (remembered.get(key) as unknown[]).slice(0, 1));
    const second = await edit(await talkingClip(), [['Silence Removal', {}]], { measurements });
    expect(asked).toEqual([key, key]);
    expect(second.edited.durationSeconds).toBeGreaterThan(first.edited.durationSeconds + 0.5);
  });

  it('reports progress that never goes back and ends at one', async () => {
    const fractions: number[] = [];
    const onProgress = (fraction: number) => fractions.push(fraction);
    await edit(
      await talkingClip(),
      [
        ['Silence Removal', {}],
        ['Silence Removal', { threshold_db: -20 }],
      ],
      { onProgress },
    );
    expect(fractions.at(-1)).toBe(1);
    expect(fractions).toEqual([...fractions].sort((a, b) => a - b));
  });

  it('writes nothing outside its work folder and the places it was given', async () => {
    const { output, thumbnail, workDir } = await edit(await talkingClip(), [['Watermark', {}]]);
    expect((await readdir(workDir)).sort()).toEqual(['graph.txt', 'mark-1.png']);
    for (const path of [output, thumbnail]) expect((await stat(path)).size).toBeGreaterThan(0);
  });
});

let edits = 0;

async function edit(
  inputPath: string,
  chain: [name: string, parameters: unknown][],
  options: Partial<EditJob> = {},
  media?: Media,
) {
  edits += 1;
  const workDir = await mkdtemp(join(folder, 'work-'));
  const [output, thumbnail] = [join(folder, `${edits}.mp4`), join(folder, `${edits}.jpg`)];
  const edited = await editVideo(media ?? (await testMedia()), {
    ...{ inputPath, outputPath: output, thumbnailPath: thumbnail, workDir },
    chain: chain.map(([name, parameters]) => ({
      nodeTypeId: tiles.find((tile) => tile.name === name)?.nodeTypeId ?? name,
      parameters,
    })),
    limits: { wallSeconds: 60, outputBytes: 1e8, inputSeconds: 60 },
    ...options,
  });
  return { edited, output, thumbnail, workDir };
}

const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index);
