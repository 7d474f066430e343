import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { usage } from '../../functions/local/arguments.ts';
import { makeClip } from '../support/clips.ts';
import { factsOf } from '../support/look-at-clip.ts';
import { runProgram } from '../support/program.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tessera-files-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('npm start -- FILE', () => {
  test('puts the edited video into ./out, shorter by its silences, and ends with 0', async () => {
    const clip = await makeClip(join(folder, 'my talk & more.mp4'));
    const { code, printed } = await runProgram([clip, '--port', '0'], folder);
    expect(printed).toContain('✓ my talk & more.mp4 → out/my talk & more-tighten.mp4');
    expect(code).toBe(0);
    const { video, sound } = await factsOf(join(folder, 'out/my talk & more-tighten.mp4'));
    expect(Number(video?.duration)).toBeLessThan(3.5);
    expect(Math.abs(Number(video?.duration) - Number(sound?.duration))).toBeLessThan(1 / 30);
  });
});

test('the help of npm start fits a terminal', () => {
  expect(usage.split('\n').filter((line) => line.length > 80)).toEqual([]);
});
