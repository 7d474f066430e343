import { matchPattern } from './key-pattern.ts';
import type { Rule, RuleSet } from './rule.ts';

export interface RuleMatch {
  readonly rule: Rule;
  readonly takes: boolean;
  /** In words, for whoever wonders. */
  readonly because: string;
}

/** The rules that take an object of this key: one, unless it has several agents or all that match are asked for. */
export const rulesFor = (set: RuleSet, key: string): readonly Rule[] =>
  matchRules(set, key).flatMap(({ rule, takes }) => (takes ? [rule] : []));

/** What each rule says to this key. */
export function matchRules({ match, rules }: RuleSet, key: string): readonly RuleMatch[] {
  let first: string | undefined;
  return rules.map((rule) => {
    const against = objectionOf(rule, key);
    if (against !== undefined) return { rule, takes: false, because: against };
    const id = rule.of ?? rule.id;
    first ??= id;
    if (match === 'first' && id !== first)
      return { rule, takes: false, because: `it matches, but "${first}" stands before it and takes the key` };
    return { rule, takes: true, because: welcome(rule) };
  });
}

/** Keys are bytes and stay as they are; only here do two ways to write the same letter count as one. */
function objectionOf({ prefix, suffixes, exclude, pattern }: Rule, key: string): string | undefined {
  const name = key.normalize('NFC');
  if (!name.startsWith(prefix.normalize('NFC'))) return `the key does not begin with "${prefix}"`;
  if (suffixes !== undefined && !suffixes.some((suffix) => folded(name).endsWith(folded(suffix))))
    return `the key does not end with ${suffixes.map((suffix) => `"${suffix}"`).join(' or ')}`;
  const excluding = exclude?.find((each) => matchPattern(each, name) !== undefined);
  if (excluding !== undefined) return `"${excluding}" excludes the key`;
  if (pattern !== undefined && matchPattern(pattern, name) === undefined)
    return `the key is not of the shape "${pattern}"`;
  return undefined;
}

const welcome = ({ prefix, suffixes, pattern }: Rule): string =>
  [
    prefix === '' ? 'it takes all keys' : `the key begins with "${prefix}"`,
    ...(suffixes === undefined ? [] : ['it has one of the endings']),
    ...(pattern === undefined ? [] : [`it is of the shape "${pattern}"`]),
  ].join(' and ');

const folded = (text: string): string => text.normalize('NFC').toLowerCase();
