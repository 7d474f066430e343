import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseArguments } from '../../functions/local/arguments.ts';
import { openLocal } from '../../shared/platform/local/index.ts';
import { audioClip, cutOffClip, makeClip, textFile } from '../support/clips.ts';
import { factsOf } from '../support/look-at-clip.ts';
import { runProgram, startProgram } from '../support/program.ts';
import { typed } from './run-command.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tessera-files-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('npm start -- FILE', () => {
  test('edits what it can, says of each other file what is wrong with it, and ends with 1', async () => {
    const clip = await makeClip(join(folder, 'good.mp4'));
    const bad = [await textFile(), await audioClip(), await cutOffClip(), join(folder, 'nowhere.mp4')];
    const words = [clip, ...bad, '--agent', 'polish', '--out', 'edited', '--port', '0'];
    const { code, printed } = await runProgram(words, folder);
    expect(printed).toMatch(/✗ .*nowhere\.mp4: there is no such file/);
    expect(printed).toMatch(/✗ text\.mp4: it is text, not a video/);
    expect(printed).toMatch(/✗ voice\.m4a: it is an MPEG-4 sound file/);
    expect(printed).toMatch(/✗ \S*\.mp4 is cut off/);
    expect(printed).toContain('✓ good.mp4 → edited/good-polish.mp4');
    expect(code).toBe(1);
    expect(readdirSync(join(folder, 'edited'))).toEqual(['good-polish.mp4']);
    const { video } = await factsOf(join(folder, 'edited/good-polish.mp4'));
    expect(Number(video?.width) / Number(video?.height)).toBeCloseTo(9 / 16, 1);
  });

  test('never overwrites a result: the same file again is a new edit beside the first', async () => {
    const clip = await makeClip(join(folder, 'a.mp4'));
    for (const _ of [1, 2]) expect((await runProgram([clip, '--port', '0'], folder)).code).toBe(0);
    expect(readdirSync(join(folder, 'out')).sort()).toEqual(['a-tighten-2.mp4', 'a-tighten.mp4']);
  });

  test('parks on Ctrl-C and when its terminal is closed, and the same command goes on with the same run', async () => {
    const clip = await makeClip(join(folder, 'a.mp4'));
    const words = [clip, '--agent', 'vertical', '--port', '0'];
    for (const signal of ['SIGHUP', 'SIGINT'] as const) {
      const program = startProgram(words, folder);
      await program.saying('editing');
      program.process.kill(signal);
      expect(await program.ended).toMatchObject({
        code: 130,
        printed: expect.stringContaining('the same command goes on'),
      });
      expect(readdirSync(join(folder, '.tessera/work'))).toEqual([]);
    }
    const { code, printed } = await runProgram(words, folder);
    expect(printed).toContain('a.mp4 (continued)');
    expect(code).toBe(0);
    expect(readdirSync(join(folder, 'out'))).toEqual(['a-vertical.mp4']);
  });

  test('says that everything is paused, since it would wait in vain', async () => {
    const clip = await makeClip(join(folder, 'a.mp4'));
    openLocal({ folder: join(folder, '.tessera') }).close();
    expect(await typed(['pause', '--reason', 'lunch'], folder)).toMatchObject({ code: 0 });
    const program = startProgram([clip, '--port', '0'], folder);
    await program.saying('Everything is paused (lunch): tessera resume');
    program.process.kill('SIGINT');
    expect(await program.ended).toMatchObject({ code: 130 });
  });

  test.each([
    { what: 'an unknown agent', words: ['--agent', 'shorten'], says: 'There are: tighten, vertical, polish.' },
    { what: 'an option that does not exist', words: ['--fast'], says: '--agent NAME' },
    { what: 'an output folder that is a file', words: ['--out', 'a.mp4'], says: 'Choose another with --out DIR' },
    { what: 'a state folder that cannot be made', words: ['--data', '/dev/null/x'], says: 'another with --data DIR' },
  ])('$what is refused with what there is', async ({ words, says }) => {
    const clip = await makeClip(join(folder, 'a.mp4'));
    const { code, printed } = await runProgram(['--port', '0', clip, ...words], folder);
    expect(printed).toContain(says);
    expect(code).toBe(1);
    expect(existsSync(join(folder, 'out'))).toBe(false);
  });

  test.each([
    { what: 'a file that looks like an option', words: ['-dash.mp4'], says: 'no option -dash.mp4' },
    { what: 'a port that is none', words: ['--port', 'x'], says: 'whole number' },
  ])('$what is refused before anything is looked at', ({ words, says }) => {
    expect(() => parseArguments(['a.mp4', ...words], folder)).toThrow(says);
  });

  test('says which port is in use, and what to do', async () => {
    const other = createServer();
    await new Promise<void>((done) => other.listen(0, '127.0.0.1', done));
    const { port } = other.address() as { port: number };
    const clip = await makeClip(join(folder, 'a.mp4'));
    const { code, printed } = await runProgram([clip, '--port', String(port)], folder);
    other.close();
    expect(printed).toContain(`Port ${port} is in use`);
    expect(printed).toContain('--port N');
    expect(code).toBe(1);
  });

  test('without FFmpeg it says so before any work, with the command that installs it', async () => {
    const clip = await makeClip(join(folder, 'a.mp4'));
    const { code, printed } = await runProgram([clip, '--port', '0'], folder, { FFMPEG_PATH: join(folder, 'ffmpeg') });
    expect(printed).toMatch(/install/i);
    expect(code).toBe(1);
    expect(existsSync(join(folder, '.tessera'))).toBe(false);
  });

  test('refuses to pretend that it uses another engine which somebody has named', async () => {
    const clip = await makeClip(join(folder, 'a.mp4'));
    const { code, printed } = await runProgram([clip], folder, { MOSAIC_API_URL: 'http://localhost:4730' });
    expect(printed).toContain('Unset it');
    expect(code).toBe(1);
  });

  test('refuses the hosted Mosaic, which cannot reach this machine', async () => {
    const clip = await makeClip(join(folder, 'a.mp4'));
    const { code, printed } = await runProgram([clip], folder, { MOSAIC_API_URL: 'https://api.mosaic.so' });
    expect(printed).toContain('api.mosaic.so cannot reach this machine');
    expect(printed).toContain('npm run deploy');
    expect(code).toBe(1);
  });
});
