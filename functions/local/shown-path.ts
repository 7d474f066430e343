import { relative } from 'node:path';

/** A path as the user would type it: relative when it is below the current folder. */
export function shownPath(path: string): string {
  const here = process.env.INIT_CWD ?? process.cwd();
  const short = relative(here, path);
  if (short === '') return '.';
  return plainText(short.startsWith('..') ? path : short);
}

/** Letters that move the cursor, change colours, break lines or turn the direction of what follows. */
export const unseen = /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu;

/** File names come from anywhere: what would command the terminal is shown as a question mark. */
export const plainText = (text: string): string => text.replace(unseen, '?');
