import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { isOwned, openLocal } from '../../shared/platform/local/index.ts';
import { testFolder } from './open-world.ts';

const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8);

function withUmask(mask: number): void {
  const before = process.umask(mask);
  onTestFinished(() => void process.umask(before));
}

/** A new data folder with a small object, a large one in parts, and a dropped file. */
async function filledFolder(): Promise<string> {
  const parent = testFolder();
  const folder = join(parent, 'data');
  const platform = openLocal({ folder });
  const bucket = platform.bucket('uploads');
  await bucket.put('small', 'x');
  const upload = await bucket.startUpload('large');
  await bucket.publish(upload, [await bucket.putPart(upload, 1, Buffer.from('y'))]);
  const dropped = join(parent, 'dropped.mp4');
  writeFileSync(dropped, 'z', { mode: 0o600 });
  await bucket.importFile('dropped', dropped);
  await platform.table('t').write({ put: { pk: 'p', sk: 's', type: 't' } });
  onTestFinished(() => platform.close());
  return folder;
}

test.each([0o000, 0o022, 0o077])(
  'every folder of a new data folder is 0700 and every file 0600 with umask %o',
  async (mask) => {
    withUmask(mask);
    const folder = await filledFolder();
    expect(modeOf(folder)).toBe('700');
    const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
    expect(entries.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['tessera.db', 'tessera.db-wal', 'owner.lock']),
    );
    const open = entries
      .map((entry) => ({ name: join(entry.parentPath, entry.name), wanted: entry.isDirectory() ? '700' : '600' }))
      .filter(({ name, wanted }) => modeOf(name) !== wanted);
    expect(open).toEqual([]);
  },
);

test('a data folder that is there keeps its mode, and what is added to it is private', async () => {
  withUmask(0o022);
  const folder = testFolder();
  chmodSync(folder, 0o755);
  mkdirSync(join(folder, 'objects'), { mode: 0o755 });
  const platform = openLocal({ folder });
  onTestFinished(() => platform.close());
  expect([modeOf(folder), modeOf(join(folder, 'tessera.db'))]).toEqual(['755', '600']);
});

/** Whether a second process is refused the lock, as a second `npm start` would be. */
function isLockedForOthers(path: string): boolean {
  const program = `new (require('node:sqlite').DatabaseSync)(${JSON.stringify(path)}).exec('BEGIN EXCLUSIVE')`;
  try {
    execFileSync(process.execPath, ['-e', program], { stdio: 'ignore' });
    return false;
  } catch {
    return true;
  }
}

test('the owner of a data folder keeps its lock when the same process opens the folder again', () => {
  const folder = testFolder();
  const owner = openLocal({ folder });
  onTestFinished(() => owner.close());
  expect(isOwned(folder)).toBe(true);
  openLocal({ folder }).close();
  expect(isLockedForOthers(join(folder, 'owner.lock'))).toBe(true);
});

test('a file is stored readable by its owner only, even when the dropped file is read-only or open to all', async () => {
  const folder = testFolder();
  const platform = openLocal({ folder: join(folder, 'data') });
  onTestFinished(() => platform.close());
  for (const mode of [0o400, 0o600, 0o777]) {
    const dropped = join(folder, `${mode}.mp4`);
    writeFileSync(dropped, 'z');
    chmodSync(dropped, mode);
    await platform.bucket('uploads').importFile(`${mode}.mp4`, dropped);
    expect(modeOf((await platform.bucket('uploads').localPath(`${mode}.mp4`)) ?? '')).toBe('600');
    expect(modeOf(dropped)).toBe(mode.toString(8));
  }
});
