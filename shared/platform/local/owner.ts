import { DatabaseSync } from 'node:sqlite';
import { makePrivateFile } from './private-files.ts';
import { isSqliteError } from './sqlite-errors.ts';

/** A process that only looks whether the folder is free holds the lock for a moment. */
const waitForLookMs = 100;

/**
 * Takes the folder for this process; undefined while another process has it. The operating system frees the lock when
 * the process ends, however it ends. A file with a process id in it could not promise that.
 */
export function ownFolder(path: string): (() => void) | undefined {
  makePrivateFile(path);
  const lock = new DatabaseSync(path, { timeout: waitForLookMs });
  try {
    lock.exec('BEGIN EXCLUSIVE');
    return () => {
      if (lock.isOpen) lock.close();
    };
  } catch (error) {
    lock.close();
    if (isSqliteError(error, 'busy')) return undefined;
    throw error;
  }
}
