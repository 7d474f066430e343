import { describe, expect, it } from 'vitest';
import { probe } from '../../../shared/engine/media/probe.ts';
import { InvalidInput } from '../../../shared/errors.ts';
import {
  audioClip,
  broadcastClip,
  clip,
  concatFile,
  crowdedClip,
  cutOffClip,
  emptyFile,
  flatPixelsClip,
  hdrClip,
  matroskaClip,
  noiseFile,
  oddClip,
  playlistFile,
  rotatedClip,
  soundlessClip,
  talkingClip,
  testMedia,
  textFile,
  unfinishedClip,
  variableRateClip,
} from '../../support/clips.ts';

describe('a video', () => {
  it('is described as it is shown', async () => {
    expect(await look(await talkingClip())).toMatchObject({
      name: 'talking.mp4',
      format: 'mov',
      durationSeconds: 4,
      video: {
        width: 320,
        height: 180,
        frames: 120,
        frameRate: { numerator: 30, denominator: 1 },
        variableFrameRate: false,
      },
      sound: { channels: 1, sampleRate: 48_000 },
    });
    expect((await look(await rotatedClip())).video).toMatchObject({ width: 180, height: 320 });
    expect((await look(await oddClip())).video).toMatchObject({ width: 161, height: 91 });
    expect((await look(await hdrClip())).video.dynamicRange).toBe('pq');
    expect((await look(await broadcastClip())).video.frameRate).toEqual({ numerator: 30_000, denominator: 1001 });
    expect((await look(await variableRateClip())).video).toMatchObject({ variableFrameRate: true, frames: 120 });
    expect((await look(await soundlessClip())).sound).toBeUndefined();
  });

  it('is not confused with its cover picture', async () => {
    expect((await look(await crowdedClip())).video).toMatchObject({ width: 320, frames: 120 });
  });

  it('that never states its length, like a recording made in a browser, is measured', async () => {
    const live = await clip('live.webm', ['-i', await matroskaClip(), '-c', 'copy', '-f', 'matroska', '-live', '1']);
    expect((await look(live)).video.frames).toBe(60);
  });
});

describe('what is refused', () => {
  it.each([
    ['an empty file', emptyFile, 'empty.mp4 is empty'],
    ['a text', textFile, 'text.mp4 is not a video: it is text'],
    ['a sound recording', audioClip, 'voice.m4a has no video track (it is an audio file)'],
    ['noise', noiseFile, 'noise.mp4 is not a video in a format that can be read'],
    ['a playlist', playlistFile, 'playlist.mp4 is not a video: it is a playlist, which only names other files'],
    ['a concat list', concatFile, 'concat.mp4 is not a video: it is a playlist, which only names other files'],
    [
      'pixels so wide that no encoder takes them',
      flatPixelsClip,
      /^flat-pixels.mp4 has a picture of 32000 × 90, more than/,
    ],
    ['half a download', cutOffClip, /^cut-off\.mp4 is cut off: it should last 4\.0 s but ends after [12]\.\d s$/],
    ['a recording without an index', unfinishedClip, /^unfinished\.mp4 is cut off: its index is missing/],
  ])('%s', async (_what, make, message) => {
    const refusal = await look(await make()).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(refusal).toBeInstanceOf(InvalidInput);
    expect((refusal as InvalidInput).message).toMatch(
      message instanceof RegExp ? message : new RegExp(`^${quoted(message)}$`),
    );
  });

  it('is called by the name that its owner knows', async () => {
    const media = await testMedia();
    await expect(probe(media, await textFile(), { name: 'holiday.mov' })).rejects.toThrow('holiday.mov is not a video');
  });
});

const look = async (path: string) => probe(await testMedia(), path);

const quoted = (text: string) => text.replace(/[.()]/g, '\\$&');
