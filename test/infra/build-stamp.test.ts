import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { isBuildUpToDate, stampBuild } from '../../infra/build-stamp.ts';
import { doors } from '../../infra/function-names.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'tessera-stamp-'));
  for (const file of ['functions/aws/webhook.ts', 'shared/clock.ts', 'package-lock.json']) await write(file, 'one');
  for (const file of ['infra/function-assets.ts', 'infra/function-names.ts']) await write(file, 'one');
});
afterEach(() => rm(root, { recursive: true }));

async function write(file: string, text: string): Promise<void> {
  await mkdir(dirname(join(root, file)), { recursive: true });
  await writeFile(join(root, file), text);
}

const buildAll = async () => {
  for (const door of doors) await write(`dist/functions/${door}/index.mjs`, 'bundle');
  for (const program of ['ffmpeg', 'ffprobe']) await write(`dist/functions/engine-work/bin/${program}`, program);
};

test('a clone that was never built is not up to date', async () => {
  expect(await isBuildUpToDate(root)).toBe(false);
});

test('a build is up to date until one of its sources changes', async () => {
  await stampBuild(root, buildAll);
  expect(await isBuildUpToDate(root)).toBe(true);
  await write('docs/deploy.md', 'not a source');
  expect(await isBuildUpToDate(root)).toBe(true);
  await write('shared/clock.ts', 'two');
  expect(await isBuildUpToDate(root)).toBe(false);
});

test.each(['functions/webhook/index.mjs', 'functions/engine-work/bin/ffprobe', 'build-stamp'])(
  'a build without dist/%s is not up to date',
  async (file) => {
    await stampBuild(root, buildAll);
    await rm(join(root, 'dist', file));
    expect(await isBuildUpToDate(root)).toBe(false);
  },
);

test('a build that fails leaves no stamp of an earlier build', async () => {
  await stampBuild(root, buildAll);
  await expect(stampBuild(root, () => Promise.reject(new Error('no room')))).rejects.toThrow('no room');
  expect(await isBuildUpToDate(root)).toBe(false);
});

test('a source that changes during the build makes the result stale', async () => {
  await stampBuild(root, async () => {
    await buildAll();
    await write('functions/aws/webhook.ts', 'two');
  });
  expect(await isBuildUpToDate(root)).toBe(false);
});
