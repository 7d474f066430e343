import { withoutLinkSecrets } from '../../log.ts';

/** Words from outside as a table may keep them: no link's secrets, no endless text, no half of a letter. */
export const keepable = (words: string, maxLength: number): string =>
  shortened(words, maxLength, withoutLinkSecrets).replace(/\p{Surrogate}/gu, '');

/**
 * Words of a report, kept for a person to read: no link at all, however it is written. Whose link it was and where its
 * secret stood is not ours to know, so nothing of it stays.
 */
export const linkless = (words: string, maxLength: number): string =>
  shortened(words, maxLength, (text) => text.replace(link, '(link)').replace(query, '?…')).replace(
    /\p{Surrogate}/gu,
    '',
  );

/** Cleaned before it is cut, so that no cut hides a link's beginning; a longer text is not read to its end. */
const shortened = (words: string, maxLength: number, clean: (text: string) => string): string =>
  clean(words.slice(0, 4 * maxLength)).slice(0, maxLength);

// Also with slashes escaped, or encoded for a query, once or more often. The bounds keep the search linear.
const link = /[a-z][a-z0-9+.-]{0,15}(?::|%(?:25){0,4}3a)(?:\\{0,4}\/|%(?:25){0,4}2f){2}[^\s"'<>]*/gi;
const query = /(?:[?&;#]|%(?:25){0,4}(?:3f|26|23|3b))[\w.~%-]{1,100}?(?:=|%(?:25){0,4}3d)[^\s"'<>]*/gi;

const deepest = 16;
const longest = 1000;

/** Any JSON without its links, in names as in values; what is nested too deeply to be meant is left out. */
export function withoutLinks(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return linkless(value, longest);
  if (typeof value !== 'object' || value === null) return value;
  if (depth === deepest) return '…';
  if (Array.isArray(value)) return value.map((entry) => withoutLinks(entry, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([name, entry]) => [linkless(name, 100), withoutLinks(entry, depth + 1)]),
  );
}
