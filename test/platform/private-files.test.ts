import { chmodSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openLocal } from '../../shared/platform/local/index.ts';
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
