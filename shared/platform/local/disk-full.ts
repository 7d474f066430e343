import { DiskFull } from '../../errors.ts';

/** Says what a full disk means in words; any other error is returned as it is. It may be tried again. */
export function explained(error: unknown, folder: string): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code !== 'ENOSPC' && code !== 'SQLITE_FULL' && code !== 'EDQUOT') return error;
  const message = `The disk that holds ${folder} is full. Nothing was written; free some space and try again.`;
  return new DiskFull(message, { cause: error });
}
