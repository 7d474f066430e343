import Libsql from 'libsql';

/** Whoever only looks whether the folder is free has it for that moment. */
const lookMs = 100;

/**
 * The folder belongs to the process that holds this lock. The system frees it when the process ends, however it
 * ends, which a file with a process id in it could not promise. Undefined: another process has it.
 */
export function ownFolder(path: string): (() => void) | undefined {
  const lock = new Libsql(path, { timeout: lookMs });
  try {
    lock.exec('BEGIN EXCLUSIVE');
    return () => lock.close();
  } catch (error) {
    lock.close();
    if (error instanceof Libsql.SqliteError && error.code.startsWith('SQLITE_BUSY')) return undefined;
    throw error;
  }
}
