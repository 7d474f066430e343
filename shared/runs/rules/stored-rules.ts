import { messageOf } from '../../errors.ts';
import type { Table } from '../../platform/ports.ts';
import type { RuleSet } from '../run/rule.ts';
import { currentRulesKey } from '../run/run-items.ts';
import { parseRules } from './parse-rules.ts';
import { type RulesDeps, versionItem, versionOf } from './rules-items.ts';

const usualRereadMs = 5000;

/** The rules in force, cached for a few seconds. The deployed rules are in force until others are applied. */
export function storedRules(
  { runs, clock }: RulesDeps,
  initial: RuleSet,
  rereadMs = usualRereadMs,
): () => Promise<RuleSet> {
  let known = initial;
  let readAt = Number.NEGATIVE_INFINITY;
  return async () => {
    const now = clock();
    // A clock that was set back must not keep a stale cache for long.
    if (Math.abs(now - readAt) < rereadMs) return known;
    const version = versionOf(await runs.get(currentRulesKey));
    // A version never changes, so it is read once.
    if (version !== known.version) known = await readVersion(runs, version, initial);
    readAt = now;
    return known;
  };
}

async function readVersion(runs: Table, version: number, initial: RuleSet): Promise<RuleSet> {
  if (version === 0) return initial;
  try {
    const { text } = await versionItem(runs, version);
    return text === undefined ? { ...initial, version } : parseRules(JSON.parse(String(text)), version);
  } catch (cause) {
    // Not a PermanentError: no upload may be given up for a fault of the rules.
    throw new Error(
      `Version ${version} of the rules, which is in force, cannot be read by this program: ${messageOf(cause)} ` +
        'Roll back to another version, or deploy the program that it was applied with.',
      { cause },
    );
  }
}
