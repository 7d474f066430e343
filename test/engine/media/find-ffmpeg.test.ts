import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findFfmpeg } from '../../../shared/engine/media/find-ffmpeg.ts';
import { testMedia } from '../../support/clips.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tessera-find-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('FFmpeg', () => {
  it('is taken from the environment first', async () => {
    const { ffmpegPath, ffprobePath } = await testMedia();
    const found = await findFfmpeg({ FFMPEG_PATH: ffmpegPath, FFPROBE_PATH: ffprobePath, PATH: '' });
    expect(found).toMatchObject({ ffmpegPath, ffprobePath, source: 'environment' });
  });

  it('that someone named but is not there is an error, not a reason to look elsewhere', async () => {
    const named = findFfmpeg({ ...process.env, FFMPEG_PATH: join(folder, 'nowhere') });
    await expect(named).rejects.toThrow(
      /No usable ffmpeg: .*nowhere.*Install FFmpeg 5 or newer with `.+`, or set FFMPEG_PATH/,
    );
  });

  it('that is too old is named with its version', async () => {
    const old = await program(
      'old',
      'echo "ffmpeg version 4.4.2 Copyright"; echo "libavutil      56. 70.100 / 56. 70.100"',
    );
    await expect(findFfmpeg({ ...process.env, FFMPEG_PATH: old })).rejects.toThrow(
      'version 4.4.2 is too old, 5 or newer is needed',
    );
  });

  it('that lacks an encoder or a filter says which', async () => {
    const { ffmpegPath } = await testMedia();
    // The real one without two of its parts, as a distribution without GPL would build it.
    const lean = await program('lean', `"${ffmpegPath}" "$@" | grep -v -e libx264 -e silencedetect`);
    const message = /was built without the encoder libx264, the filter silencedetect/;
    await expect(findFfmpeg({ ...process.env, FFMPEG_PATH: lean })).rejects.toThrow(message);
  });

  it("that is too old on the system's path is passed over for the next", async () => {
    const { ffmpegPath, ffprobePath } = await testMedia();
    const old = await program('ffmpeg', 'echo "ffmpeg version 4.4.2"; echo "libavutil      56. 70.100"');
    const good = await mkdtemp(join(folder, 'good-'));
    await program('ffmpeg', `exec "${ffmpegPath}" "$@"`, good);
    await program('ffprobe', `exec "${ffprobePath}" "$@"`, good);
    const found = await findFfmpeg({ PATH: `${old.replace(/\/ffmpeg$/, '')}:${good}` });
    expect(found).toMatchObject({
      ffmpegPath: join(good, 'ffmpeg'),
      ffprobePath: join(good, 'ffprobe'),
      source: 'system',
    });
  });
});

async function program(name: string, script: string, inFolder = folder): Promise<string> {
  const path = join(inFolder, name);
  // The programs run without an environment, so without a PATH: `grep` is found by the shell's own default.
  await writeFile(path, `#!/bin/sh\nPATH=/usr/bin:/bin\n${script}\n`);
  await chmod(path, 0o755);
  return path;
}
