import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makeClip } from '../support/clips.ts';
import { type Program, startProgram } from '../support/program.ts';

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

const delivered = () =>
  readdirSync(join(folder, '.tessera/deliveries'), { recursive: true, encoding: 'utf8' }).filter((path) =>
    /\.\w+$/.test(path),
  );

describe('npm start', () => {
  test('takes what lands in an agent folder once it is whole, delivers it with a manifest, and stops on Ctrl-C', async () => {
    const bytes = readFileSync(await makeClip(join(folder, 'source.mp4')));
    const path = join(folder, '.tessera/uploads/tighten/talk.mp4');
    const half = bytes.length / 2;
    writeFileSync(path, bytes.subarray(0, half));
    writeFileSync(join(folder, '.tessera/uploads/stray.mp4'), 'x');
    writeFileSync(join(folder, '.tessera/uploads/tighten/.hidden.mp4'), 'x');
    await sleep(1200);
    appendFileSync(path, bytes.subarray(half));

    await program.saying('talk.mp4  done');
    expect(program.printed()).toMatch(/done: \S+\.mp4\n/);
    expect(program.printed().match(/talk\.mp4 {2}uploaded/g)).toHaveLength(1);
    expect(program.printed()).toMatch(
      /stray\.mp4 {2}ignored: no rule takes it. Move it into tighten\/, vertical\/ or polish\//,
    );
    expect(program.printed()).not.toContain('hidden');
    const paths = delivered();
    expect([...paths].sort()).toEqual(['tighten/talk.manifest.json', 'tighten/talk.mp4', 'tighten/talk.thumbnail.jpg']);
    const manifest = JSON.parse(
      readFileSync(join(folder, '.tessera/deliveries', paths.find((each) => each.endsWith('.json')) ?? ''), 'utf8'),
    );
    expect(manifest).toMatchObject({
      input: { key: 'tighten/talk.mp4' },
      outputs: [
        { kind: 'video', key: paths.find((each) => each.endsWith('.mp4')) },
        { kind: 'thumbnail', key: paths.find((each) => each.endsWith('.jpg')) },
      ],
    });

    program.process.kill('SIGINT');
    expect(await program.ended).toMatchObject({ code: 0, signal: null });
  });
});
