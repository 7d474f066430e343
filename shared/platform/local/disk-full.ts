import { DiskFull } from '../../errors.ts';
import { isSqliteError } from './sqlite-errors.ts';

/** Turns the error of a full disk into a DiskFull with advice; returns any other error unchanged. Retrying may help. */
export function explained(error: unknown, folder: string): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code !== 'ENOSPC' && code !== 'EDQUOT' && !isSqliteError(error, 'full')) return error;
  const message = `The disk that holds ${folder} is full. Nothing was written; free some space and try again.`;
  return new DiskFull(message, { cause: error });
}
