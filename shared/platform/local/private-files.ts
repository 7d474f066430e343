import { closeSync, mkdirSync, openSync } from 'node:fs';

/** The data folder holds keys and secrets in clear text, so only its owner may read it, whatever the umask. */
export const privateFolder = { recursive: true, mode: 0o700 } as const;
export const privateFileMode = 0o600;

export function makePrivateFolder(path: string): void {
  mkdirSync(path, privateFolder);
}

/** Creates an empty file, or leaves the one that is there. What SQLite puts beside it (-wal, -shm) gets its mode. */
export function makePrivateFile(path: string): void {
  closeSync(openSync(path, 'a', privateFileMode));
}
