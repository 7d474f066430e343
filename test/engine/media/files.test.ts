import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { cleanWorkDirs, readForUpload, saveLink, withWorkDir } from '../../../shared/engine/media/files.ts';
import { ProgramFailed } from '../../../shared/engine/media/run-ffmpeg.ts';
import { DiskFull } from '../../../shared/errors.ts';
import { testMedia } from '../../support/clips.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tessera-files-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it('gives every task a folder of its own and removes it, also after a failure', async () => {
  const tasks = join(folder, 'tasks');
  const seen = await Promise.all([1, 2].map(() => withWorkDir(tasks, async (workDir) => workDir)));
  expect(new Set(seen).size).toBe(2);
  const failing = withWorkDir(tasks, async (workDir) => {
    await writeFile(join(workDir, 'half-done'), 'x');
    throw new Error('broken');
  });
  await expect(failing).rejects.toThrow('broken');
  expect(await readdir(tasks)).toEqual([]);
});

it('clears at the next start what a killed process left, and nothing else', async () => {
  const tasks = join(folder, 'left');
  await mkdir(join(tasks, 'task-abc123'), { recursive: true });
  await writeFile(join(tasks, 'task-abc123', 'half-done.mp4'), 'x');
  await writeFile(join(tasks, 'notes.txt'), 'x');
  expect(await cleanWorkDirs(tasks)).toBe(1);
  expect(await readdir(tasks)).toEqual(['notes.txt']);
  expect(await cleanWorkDirs(join(folder, 'never-made'))).toBe(0);
});

it.runIf(process.platform === 'linux')(
  'ends an FFmpeg that still works in the folder of a killed process',
  async () => {
    const tasks = join(folder, 'orphaned');
    const workDir = join(tasks, 'task-abc123');
    await mkdir(workDir, { recursive: true });
    const { ffmpegPath } = await testMedia();
    const endless = [
      '-f',
      'lavfi',
      '-re',
      '-i',
      'color=black:size=16x16',
      '-c:v',
      'mjpeg',
      join(workDir, 'half-done.avi'),
    ];
    const orphan = spawn(ffmpegPath, ['-v', 'quiet', '-nostdin', ...endless], { stdio: 'ignore' });
    await once(orphan, 'spawn');
    const [[, signal]] = await Promise.all([once(orphan, 'exit'), cleanWorkDirs(tasks)]);
    expect(signal).toBe('SIGKILL');
    expect(await readdir(tasks)).toEqual([]);
  },
);

it('saves a download up to its limit and not a byte more', async () => {
  const chunks = async function* () {
    for (let i = 0; i < 10; i++) yield Buffer.alloc(100, i);
  };
  const saved = await saveLink(join(folder, 'fits'), chunks(), 1000);
  expect(saved).toEqual({
    bytes: 1000,
    sha256: createHash('sha256')
      .update(readFileSync(join(folder, 'fits')))
      .digest('hex'),
  });
  await expect(saveLink(join(folder, 'too-large'), chunks(), 999)).rejects.toThrow(
    'larger than the limit of 999 bytes',
  );
  // It may be refused before the file was even opened: then nothing of it was written.
  const written = await readFile(join(folder, 'too-large')).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return Buffer.alloc(0);
    throw error;
  });
  expect(written.length).toBeLessThanOrEqual(999);
});

it('reads a finished file as often as an upload has to try', async () => {
  await writeFile(join(folder, 'finished'), 'all of it');
  const { sizeBytes, body } = await readForUpload(join(folder, 'finished'));
  expect(sizeBytes).toBe(9);
  expect([await text(body()), await text(body())]).toEqual(['all of it', 'all of it']);
});

it.each([
  ['Node', Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })],
  ['FFmpeg', new ProgramFailed('ffmpeg', 'code 1', 'av_interleaved_write_frame(): No space left on device')],
])('says in plain words that the disk is full when %s finds out', async (_who, cause) => {
  const task = withWorkDir(folder, () => Promise.reject(cause));
  await expect(task).rejects.toThrow(DiskFull);
  await expect(task).rejects.toThrow('the disk is full');
});
