import { closeSync, mkdirSync, openSync } from 'node:fs';

/** The data folder holds keys and secrets in clear text, so only its owner may read it, whatever the umask. */
export const privateFolder = { recursive: true, mode: 0o700 } as const;
export const privateFileMode = 0o600;

export function makePrivateFolder(path: string): void {
  mkdirSync(path, privateFolder);
}

/**
 * Creates an empty file. SQLite gives the files beside it (-wal, -shm) the same mode. A file that exists is not even
 * opened: closing it would release the locks that this process has on it.
 */
export function makePrivateFile(path: string): void {
  try {
    closeSync(openSync(path, 'wx', privateFileMode));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}
