import { relative } from 'node:path';

/** A path as the user would type it: relative to where they are when it lies below. */
export function shownPath(path: string): string {
  const short = relative(process.env.INIT_CWD ?? process.cwd(), path);
  return short !== '' && !short.startsWith('..') ? short : path;
}
