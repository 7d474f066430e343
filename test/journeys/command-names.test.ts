import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openLocal } from '../../shared/platform/local/index.ts';
import { readResultNames } from '../../shared/runs/run/result-names.ts';
import { newRunWrites } from '../../shared/runs/run/run-items.ts';
import { claimedRun } from '../runs/run/example-run.ts';
import { jsonOf, typed } from './run-command.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tessera-names-'));
  open().close();
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const open = () => openLocal({ folder: join(folder, '.tessera'), own: false });
const names = (...words: string[]) => typed(['names', ...words], folder);

async function storedNames() {
  const platform = open();
  try {
    return await readResultNames(platform.table('runs'));
  } finally {
    platform.close();
  }
}

describe('tessera names', () => {
  test('a new folder names results after their input, and names run changes that for good', async () => {
    const { code, out } = await names();
    expect({ code, out: out.replaceAll('\n', ' ') }).toEqual({
      code: 0,
      out: expect.stringContaining('after their input: talk.mp4, then talk-2.mp4. To change it: tessera names run'),
    });
    expect((await names('run')).out).toContain('From now on');
    expect(await storedNames()).toBe('run');
    expect(await jsonOf(['names'], folder)).toEqual({ names: 'run' });
    expect((await names('run')).out).toContain('already');
    expect(await jsonOf(['names', 'input'], folder)).toEqual({ names: 'input', changed: true });
    expect(await storedNames()).toBe('input');
  });

  test('a folder with a run of an older version keeps the names of that version until names input', async () => {
    const platform = open();
    await platform.table('runs').write(...newRunWrites({ ...claimedRun(), createdAt: new Date().toISOString() }));
    platform.close();
    expect(await jsonOf(['names'], folder)).toEqual({ names: 'run' });
    expect(await jsonOf(['names', 'input'], folder)).toEqual({ names: 'input', changed: true });
  });

  test('other names than input and run are refused, and nothing is changed', async () => {
    const { code, err } = await names('inptu');
    expect(code).toBe(2);
    expect(err).toContain('input, run');
    expect(await jsonOf(['names'], folder)).toEqual({ names: 'input' });
  });

  test('the doctor says how results are named', async () => {
    await names('run');
    const { out } = await typed(['doctor', '--json'], folder);
    const { findings } = JSON.parse(out) as { findings: { name: string; says: string }[] };
    expect(findings.find(({ name }) => name === 'names')?.says).toContain("their run's id");
  });
});
