import { matchRules } from '../../shared/runs/rules/match-rules.ts';
import type { Outcome } from './outcome.ts';
import type { World } from './world.ts';

/** `rules explain`: what would happen to an upload of this key, and why. */
export async function explainedKey(world: World, key: string): Promise<Outcome> {
  const matches = matchRules(await world.rules(), key);
  return {
    lines: matches.map(({ rule, takes, because }) => `${takes ? 'taken by' : 'not by'} ${rule.id}: ${because}`),
    json: matches,
  };
}
