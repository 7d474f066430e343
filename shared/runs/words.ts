import { withoutLinkSecrets } from '../log.ts';

/** Words from outside as a table may keep them: no link's secrets, no endless text, no half of a letter. */
export const keepable = (words: string, maxLength: number): string =>
  withoutLinkSecrets(words.slice(0, 4 * maxLength))
    .slice(0, maxLength)
    .replace(/\p{Surrogate}/gu, '');
