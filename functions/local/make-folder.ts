import { accessSync, constants, existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { InvalidInput } from '../../shared/errors.ts';
import { shownPath } from './shown-path.ts';

/**
 * Makes a folder when it is missing, and checks that it is writable. `option` chooses another one. A new data folder is
 * private, because it holds keys.
 */
export function makeFolder(folder: string, option: '--out' | '--data'): void {
  try {
    make(folder, option === '--data' ? 0o700 : 0o777);
    accessSync(folder, constants.W_OK | constants.X_OK);
  } catch (error) {
    const reason = reasons[(error as NodeJS.ErrnoException).code ?? ''] ?? (error as Error).message;
    throw new InvalidInput(
      `${shownPath(folder)} cannot be used as a folder: ${reason}. Choose another with ${option} DIR.`,
    );
  }
}

/** Without `recursive`: on a file system that makes no folders (`/proc`), Node would then try for ever. */
function make(folder: string, mode: number): void {
  if (existsSync(folder)) {
    if (!statSync(folder).isDirectory()) throw Object.assign(new Error('it is a file'), { code: 'ENOTDIR' });
    return;
  }
  if (dirname(folder) !== folder) make(dirname(folder), 0o777);
  mkdirSync(folder, { mode });
}

const reasons: Readonly<Record<string, string>> = {
  EACCES: 'this user may not write there',
  EPERM: 'this user may not write there',
  EROFS: 'what it is on can only be read',
  ENOTDIR: 'a file has that name',
  EEXIST: 'a file has that name',
  ENOENT: 'nothing can be made there',
  ENOSPC: 'the disk is full',
  ENAMETOOLONG: 'the name is too long',
};
