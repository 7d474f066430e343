import type { RuleSet } from '../run/rule.ts';

/** The differences between two sets of rules, as one line for the history. */
export function changesBetween(before: RuleSet | undefined, after: RuleSet): string {
  const rules = byId(after).size;
  const count = `${rules} ${rules === 1 ? 'rule' : 'rules'}`;
  if (before === undefined) return count;
  const [old, now] = [byId(before), byId(after)];
  const added = [...now.keys()].filter((id) => !old.has(id));
  const removed = [...old.keys()].filter((id) => !now.has(id));
  const changed = [...now].filter(([id, rule]) => old.has(id) && old.get(id) !== rule).map(([id]) => id);
  const settings = settingsOf(before) === settingsOf(after) ? [] : ['settings for all changed'];
  const moved = `${[...old.keys()]}` !== `${[...now.keys()]}` && added.length + removed.length === 0;
  const changes = [
    ...named('added', added),
    ...named('removed', removed),
    ...named('changed', changed),
    ...settings,
    ...(moved ? ['another order'] : []),
  ];
  return `${count}: ${changes.length === 0 ? 'written differently, with the same meaning' : changes.join('; ')}`;
}

/** By their ids in the document, where a rule with several agents is one rule. */
function byId({ rules }: RuleSet): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const rule of rules) {
    const id = rule.of ?? rule.id;
    found.set(id, (found.get(id) ?? '') + JSON.stringify(rule));
  }
  return found;
}

const settingsOf = ({ rules: _rules, version: _version, ...settings }: RuleSet): string => JSON.stringify(settings);

const named = (what: string, ids: readonly string[]): string[] =>
  ids.length === 0
    ? []
    : [`${what} ${ids.slice(0, 5).join(', ')}${ids.length > 5 ? ` and ${ids.length - 5} more` : ''}`];
