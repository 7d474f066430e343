import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { doors } from './function-names.ts';

/** The files that a build depends on. The lockfile pins FFmpeg and every bundled package. */
const sources = ['functions', 'shared', 'infra/function-assets.ts', 'infra/function-names.ts', 'package-lock.json'];

const stampFile = (root: string): string => join(root, 'dist/build-stamp');

/** Whether `dist/` was built from the sources as they are now. */
export async function isBuildUpToDate(root: string): Promise<boolean> {
  const built = [
    ...doors.map((door) => `${door}/index.mjs`),
    ...['ffmpeg', 'ffprobe'].map((program) => `engine-work/bin/${program}`),
  ];
  if (!built.every((file) => existsSync(join(root, 'dist/functions', file)))) return false;
  const stamp = await readFile(stampFile(root), 'utf8').catch(() => undefined);
  return stamp === (await hashSources(root));
}

/** Runs the build and stamps its result. A build that fails, or whose sources change meanwhile, is stale. */
export async function stampBuild(root: string, build: () => Promise<void>): Promise<void> {
  const stamp = await hashSources(root);
  await rm(stampFile(root), { force: true });
  await build();
  await mkdir(dirname(stampFile(root)), { recursive: true });
  await writeFile(stampFile(root), stamp);
}

async function hashSources(root: string): Promise<string> {
  const hash = createHash('sha256');
  for (const file of (await Promise.all(sources.map((source) => listFiles(root, source)))).flat().sort()) {
    hash.update(`${file}\0`).update(await readFile(join(root, file)));
  }
  return hash.digest('hex');
}

async function listFiles(root: string, source: string): Promise<string[]> {
  if (!source.includes('.')) {
    const entries = await readdir(join(root, source), { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1));
  }
  return [source];
}
