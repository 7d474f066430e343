import { setMaxListeners } from 'node:events';
import { readdir, stat } from 'node:fs/promises';
import { basename, join, relative, sep } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type FSWatcher, watch } from 'chokidar';
import { type LocalBucket, makePrivateFolder } from '../../shared/platform/local/index.ts';
import { contentTypeOf, identityOf } from './put-upload.ts';

export interface DropFolder {
  /** Resolves when each file that lands from now on is seen. */
  readonly ready: Promise<void>;
  close(): Promise<void>;
}

/** A file is whole when its size has not changed for this long. */
const stillnessMs = 2000;

/**
 * Puts each file that lands below `folder` into the bucket, under its path in the folder: what an S3 client's
 * upload is in AWS, and like there the rules say what becomes of it. A file that is still growing is not taken yet; one
 * that was taken before is not taken again.
 */
export function watchDropFolder(
  folder: string,
  subfolders: readonly string[],
  uploads: LocalBucket,
  report: { taken(key: string): void; failed(path: string, error: unknown): void },
): DropFolder {
  for (const subfolder of subfolders) makePrivateFolder(join(folder, subfolder));
  const watcher = watch(folder, {
    awaitWriteFinish: { stabilityThreshold: stillnessMs, pollInterval: 100 },
    followSymlinks: false,
  });
  const closing = new AbortController();
  // Each file that is there at the start adds a listener.
  setMaxListeners(0, closing.signal);
  const turns = new Map<string, Promise<void>>();
  let isFirstLook = true;
  // One look at a file after the other: the second finds what the first one took.
  const take = (path: string) => {
    // What desktops and transfers hide is not meant for us; what is gone again has nothing left to report.
    if (basename(path).startsWith('.')) return;
    const still = isFirstLook ? untilStill(path, closing.signal) : undefined;
    const turn = Promise.all([still, turns.get(path)])
      .then(() => takeFile(path))
      .catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT' && !closing.signal.aborted) report.failed(path, error);
      });
    turns.set(path, turn);
    turn.then(() => turns.get(path) === turn && turns.delete(path));
  };
  watcher.on('add', take).on('change', take);
  const ready = new Promise<void>((resolve) => {
    watcher.on('ready', () => {
      isFirstLook = false;
      watchMissed(watcher, folder).finally(resolve);
    });
  });
  watcher.on('error', (error) => report.failed(folder, error));
  return {
    ready,
    close: () => {
      closing.abort();
      return watcher.close();
    },
  };

  async function takeFile(path: string): Promise<void> {
    const key = relative(folder, path).split(sep).join('/');
    const identity = identityOf(path, await stat(path));
    if ((await uploads.head(key))?.metadata.source === identity) return;
    await uploads.importFile(key, path, { contentType: contentTypeOf(path), metadata: { source: identity } });
    report.taken(key);
  }
}

/** The watcher may miss a folder that is created during its first scan, and then never sees it. */
async function watchMissed(watcher: FSWatcher, folder: string): Promise<void> {
  // One that goes while it is listed spoils the list; it was a folder in motion, and moves are seen.
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const watched = new Set(Object.keys(watcher.getWatched()));
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isDirectory() && !watched.has(path)) watcher.add(path);
  }
}

/** The watcher waits for what arrives later; what is there when it begins it shows at once, half copied or not. */
async function untilStill(path: string, signal: AbortSignal): Promise<void> {
  for (let before = -1, { size } = await stat(path); size !== before; { size } = await stat(path)) {
    before = size;
    await sleep(stillnessMs, undefined, { signal });
  }
}
