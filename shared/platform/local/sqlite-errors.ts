/** SQLite's primary result codes, https://www.sqlite.org/rescode.html. */
const resultCodes = { busy: 5, full: 13 } as const;

/** Says whether an error thrown by `node:sqlite` has this result code; the lowest byte of `errcode` holds it. */
export function isSqliteError(error: unknown, code: keyof typeof resultCodes): boolean {
  if (!(error instanceof Error) || !('errcode' in error)) return false;
  return (Number(error.errcode) & 0xff) === resultCodes[code];
}
