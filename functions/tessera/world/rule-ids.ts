import type { Rule, RuleSet } from '../../../shared/runs/run/rule.ts';

/** The error message when no rule has this name. */
export function unknownRule(set: RuleSet, name: string): string | undefined {
  const names = ruleNames(set);
  return names.includes(name) ? undefined : `There is no rule ${name}. There are: ${names.join(', ')}.`;
}

/** The ids under which a rule's runs are kept: one for each of its agents. A rule that is gone may still have runs. */
export function ruleIdsOf(set: RuleSet, name: string): readonly string[] {
  const ids = allRules(set).flatMap(({ id, of }) => (of === name ? [id] : []));
  return ids.length === 0 ? [name] : unique(ids);
}

/** The names that a user may type. A rule with several agents also has its own id. */
const ruleNames = (set: RuleSet): readonly string[] =>
  unique(allRules(set).flatMap(({ id, of }) => (of === undefined ? [id] : [of, id])));

/** All rules, including those that take another rule's outputs. */
const allRules = ({ rules }: Pick<RuleSet, 'rules'>): readonly Rule[] =>
  rules.flatMap((rule) => [rule, ...allRules({ rules: rule.next ?? [] })]);

const unique = (names: readonly string[]): readonly string[] => [...new Set(names)];
