import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { watchDropFolder } from '../../functions/local/drop-folder.ts';
import { type LocalPlatform, openLocal } from '../../shared/platform/local/index.ts';

let folder = '';
let platform: LocalPlatform;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tessera-drop-'));
  platform = openLocal({ folder: join(folder, 'data') });
});
afterEach(() => {
  platform.close();
  rmSync(folder, { recursive: true, force: true });
});

test('a file that is still being copied when the program starts is taken once, and whole', async () => {
  const path = join(folder, 'drop/tighten/talk.mp4');
  mkdirSync(join(folder, 'drop/tighten'), { recursive: true });
  writeFileSync(path, 'first half, ');
  const uploads = platform.bucket('uploads');
  const takenBytes: unknown[] = [];
  const drop = watchDropFolder(join(folder, 'drop'), ['tighten'], uploads, {
    taken: (key) => void uploads.head(key).then((head) => takenBytes.push(head?.size)),
    failed: (_path, error) => takenBytes.push(error),
  });
  try {
    await sleep(1000);
    appendFileSync(path, 'second half');
    await expect.poll(() => takenBytes, { timeout: 20_000 }).not.toEqual([]);
    // The watcher has its own news of the second half; the same file must not be taken again for it.
    await sleep(1500);
    expect(takenBytes).toEqual([23]);
  } finally {
    await drop.close();
  }
});

test('a folder that is created while the watcher starts is watched too', async () => {
  const uploads = platform.bucket('uploads');
  const taken = new Set<string>();
  const starts = Array.from({ length: 60 }, (_, turns) => ({ root: join(folder, `drop-${turns}`), turns }));
  const drops = await Promise.all(
    starts.map(async ({ root, turns }) => {
      const report = { taken: () => taken.add(root), failed: (path: string) => taken.add(path) };
      const drop = watchDropFolder(root, ['tighten'], uploads, report);
      for (let turn = 0; turn < turns; turn += 1) await setImmediate();
      mkdirSync(join(root, 'new'));
      writeFileSync(join(root, 'new', `${turns}.mp4`), 'video');
      return drop;
    }),
  );
  try {
    await expect.poll(() => taken.size, { timeout: 20_000 }).toBe(starts.length);
    expect(taken).toEqual(new Set(starts.map(({ root }) => root)));
  } finally {
    await Promise.all(drops.map((drop) => drop.close()));
  }
});
