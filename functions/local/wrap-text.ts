import { widthOf } from './text-width.ts';

/**
 * Broken between words so that no line is wider; a word that is wider by itself stays whole, and so does a command,
 * which is there to be copied.
 */
export function wrapped(text: string, columns: number): string[] {
  const lines = [''];
  for (const word of wordsOf(text)) {
    const last = lines.at(-1) ?? '';
    if (last !== '' && widthOf(last) + 1 + widthOf(word) > columns) lines.push(word);
    else lines[lines.length - 1] = last === '' ? word : `${last} ${word}`;
  }
  return lines;
}

const wordsOf = (text: string): string[] =>
  text
    .replace(command, (whole) => whole.replaceAll(' ', together))
    .split(' ')
    .map((word) => word.replaceAll(together, ' '));
const command = /tessera (?:rules )?[a-z]+(?: --rule \S+| --[a-z-]+| "[^"]*"| [\w-]{24})*/g;
/** Stands in no text that is shown. */
const together = '\u0000';
