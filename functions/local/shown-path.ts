import { relative } from 'node:path';

/** A path as the user would type it: relative to where they are when it lies below. */
export function shownPath(path: string): string {
  const here = process.env.INIT_CWD ?? process.cwd();
  const short = relative(here, path);
  if (short === '') return '.';
  return plainText(short.startsWith('..') ? path : short);
}

/** File names come from anywhere: what would move the cursor or change the colour is shown as a question mark. */
export const plainText = (text: string): string =>
  text.replace(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu, '?');
