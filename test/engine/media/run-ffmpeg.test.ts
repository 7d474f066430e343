import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ProgramFailed, runProgram, safeInput } from '../../../shared/engine/media/run-ffmpeg.ts';
import { PermanentError } from '../../../shared/errors.ts';
import { concatFile, playlistFile, talkingClip, testMedia } from '../../support/clips.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tessera-run-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('a program', () => {
  it('that runs too long is ended together with whatever it started', async () => {
    // The grandchild holds our pipe open: had it survived, this would still be waiting for it.
    const run = runProgram({ path: '/bin/sh', args: ['-c', 'sleep 600 & wait'], wallSeconds: 0.5 });
    await expect(run).rejects.toThrow(PermanentError);
  });

  it('sees none of our environment', async () => {
    const lines: string[] = [];
    process.env.TESSERA_TEST_SECRET = 'hush';
    await runProgram({
      path: '/usr/bin/env',
      args: [],
      wallSeconds: 10,
      onOutputLine: (line) => void lines.push(line),
    });
    delete process.env.TESSERA_TEST_SECRET;
    expect(lines.join()).not.toContain('hush');
    expect(lines).not.toContain(`HOME=${process.env.HOME}`);
  });

  it('that cannot be started says which', async () => {
    const run = runProgram({ path: join(folder, 'no-such-ffmpeg'), args: [], wallSeconds: 1 });
    await expect(run).rejects.toThrow('ffmpeg could not be started');
  });

  it('that fails tells the end of what it said', async () => {
    const script = 'for i in $(seq 1 5000); do echo line $i >&2; done; exit 3';
    const failure = await runProgram({ path: '/bin/sh', args: ['-c', script], wallSeconds: 30 }).catch(
      (error) => error,
    );
    expect(failure).toBeInstanceOf(ProgramFailed);
    expect(failure.message).toContain('code 3');
    expect(failure.said).toMatch(/^line 49\d\d\n(line \d+\n)+line 5000$/);
  });

  it('is called off with the reason that was given', async () => {
    const calledOff = new AbortController();
    const reason = new Error('the run was cancelled');
    const run = runProgram({ path: '/bin/sleep', args: ['600'], wallSeconds: 600, signal: calledOff.signal });
    calledOff.abort(reason);
    await expect(run).rejects.toBe(reason);
  });
});

describe('files from strangers', () => {
  it.each([
    ['a playlist', playlistFile],
    ['a concat list', concatFile],
  ])('%s is not followed', async (_what, make) => {
    await expect(decode(await make())).rejects.toThrow(ProgramFailed);
  });

  it('a playlist inside an allowed format is not opened either', async () => {
    await expect(decode(await playlistFile(), 'mov')).rejects.toThrow(ProgramFailed);
  });

  it('nothing is fetched from the network', async () => {
    let asked = 0;
    const server = createServer((_request, response) => {
      asked += 1;
      response.end();
    });
    await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/clip.mp4`;
    const list = join(folder, 'remote.m3u8');
    await writeFile(list, `#EXTM3U\n#EXTINF:4,\n${url}\n#EXT-X-ENDLIST\n`);
    await expect(decode(list)).rejects.toThrow(ProgramFailed);
    await expect(decode(url)).rejects.toThrow(ProgramFailed);
    server.close();
    expect(asked).toBe(0);
  });

  it('a real clip is read', async () => {
    await expect(decode(await talkingClip())).resolves.toBeDefined();
  });
});

async function decode(path: string, format?: string) {
  const { ffmpegPath } = await testMedia();
  const args = ['-v', 'error', '-nostdin', ...safeInput(path, format), '-frames:v', '1', '-f', 'null', '-'];
  return runProgram({ path: ffmpegPath, args, wallSeconds: 30 });
}
