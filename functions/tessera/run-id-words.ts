import { isRunId } from '../../shared/runs/ids.ts';

/** One run in 64 has an id that begins with "-", which would be read as an option: behind `--` nothing is. */
export function withRunIdsLast(words: readonly string[]): string[] {
  const isDashedId = (word: string) => word.startsWith('-') && isRunId(word);
  const ids = words.filter(isDashedId);
  if (ids.length === 0 || words.includes('--')) return [...words];
  return [...words.filter((word) => !isDashedId(word)), '--', ...ids];
}
