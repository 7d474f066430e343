import { isRunId } from '../../../shared/runs/run/ids.ts';

/** One run in 64 has an id that begins with "-", which would be read as an option: behind `--` nothing is. */
export function withRunIdsLast(words: readonly string[]): string[] {
  const isDashedId = (word: string) => word.startsWith('-') && isRunId(word);
  if (!words.some(isDashedId) || words.includes('--')) return [...words];
  const [others, ids]: [string[], string[]] = [[], []];
  for (const word of words) {
    // An option's own value stays with it.
    if (isDashedId(word) && others.at(-1) === '--after') others[others.length - 1] = `--after=${word}`;
    else (isDashedId(word) ? ids : others).push(word);
  }
  return [...others, ...(ids.length > 0 ? ['--', ...ids] : [])];
}
