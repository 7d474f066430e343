import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openLocal } from '../../shared/platform/local/index.ts';
import { makeClip } from '../support/clips.ts';
import { type Program, runProgram, startProgram } from '../support/program.ts';

const root = resolve(import.meta.dirname, '../..');
let folder = '';
let program: Program;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tessera-watch-'));
  program = startProgram(['--port', '0'], folder);
  await program.saying('Stop with Ctrl-C');
});
afterEach(async () => {
  program.process.kill('SIGKILL');
  await program.ended;
  rmSync(folder, { recursive: true, force: true });
});

const _delivered = () =>
  readdirSync(join(folder, '.tessera/deliveries'), { recursive: true, encoding: 'utf8' }).filter((path) =>
    /\.\w+$/.test(path),
  );

describe('npm start', () => {
  test('stops in order in the middle of an edit when npm hands the same Ctrl-C on', async () => {
    await makeClip(join(folder, '.tessera/uploads/polish/talk.mp4'));
    await program.saying('talk.mp4  editing');
    program.process.kill('SIGINT');
    await program.saying('Stopping');
    program.process.kill('SIGINT');
    expect(await program.ended).toMatchObject({ code: 0, signal: null });
  });

  test('typed as the README says, npm itself ends with 0 on Ctrl-C and leaves nothing running', async () => {
    const data = join(folder, 'by-npm');
    const npm = spawn('npm', ['start', '--', '--port', '0', '--data', data], { cwd: root, detached: true });
    let printed = '';
    const ended = new Promise<number | null>((done) => npm.once('close', done));
    await new Promise<void>((done) => {
      npm.stdout.on('data', (text) => {
        printed += String(text);
        if (printed.includes('Stop with Ctrl-C')) done();
      });
    });
    // As a terminal does it: to the whole group.
    process.kill(-(npm.pid ?? 0), 'SIGINT');
    expect(await ended).toBe(0);
    const platform = openLocal({ folder: data });
    expect(platform.isOwner).toBe(true);
    platform.close();
  });

  test('a second program in the same folder is told what it can do instead', async () => {
    const clip = await makeClip(join(folder, 'other.mp4'));
    const { code, printed } = await runProgram([clip, '--port', '0'], folder);
    expect(printed).toContain('Another Tessera already works in .tessera');
    expect(printed).toContain('.tessera/uploads/<agent>/');
    expect(code).toBe(1);
  });
});
