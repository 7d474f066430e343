import { withoutLinkSecrets } from '../../log.ts';

/** Text from outside, safe to store: without the secrets of links, cut to a length, never inside a character. */
export const truncateText = (words: string, maxLength: number): string =>
  shortened(words, maxLength, withoutLinkSecrets).replace(/\p{Surrogate}/gu, '');

/**
 * Text from a report, stored for a person to read, with every link redacted however it is encoded. We cannot know which
 * part of a foreign link is secret, so none of it is kept.
 */
export const redactLinks = (words: string, maxLength: number): string =>
  shortened(words, maxLength, (text) => text.replace(link, '(link)').replace(query, '?…')).replace(
    /\p{Surrogate}/gu,
    '',
  );

/** Redacted before it is cut, so that a cut cannot hide the beginning of a link. Only the start of a long text is read. */
const shortened = (words: string, maxLength: number, clean: (text: string) => string): string =>
  clean(words.slice(0, 4 * maxLength)).slice(0, maxLength);

// Also matches escaped slashes and repeated URL encoding. The bounds keep the search linear.
const link = /[a-z][a-z0-9+.-]{0,15}(?::|%(?:25){0,4}3a)(?:\\{0,4}\/|%(?:25){0,4}2f){2}[^\s"'<>]*/gi;
const query = /(?:[?&;#]|%(?:25){0,4}(?:3f|26|23|3b))[\w.~%-]{1,100}?(?:=|%(?:25){0,4}3d)[^\s"'<>]*/gi;

const deepest = 16;
const longest = 1000;

/** Redacts the links of any JSON, in names and values; drops values that are nested implausibly deep. */
export function redactLinksDeep(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return redactLinks(value, longest);
  if (typeof value !== 'object' || value === null) return value;
  if (depth === deepest) return '…';
  if (Array.isArray(value)) return value.map((entry) => redactLinksDeep(entry, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([name, entry]) => [redactLinks(name, 100), redactLinksDeep(entry, depth + 1)]),
  );
}
