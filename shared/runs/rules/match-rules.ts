import { isManifestKey, isOfManifests } from '../run/control-files.ts';
import type { Rule, RuleSet } from '../run/rule.ts';
import { matchPattern, placeOfPattern } from './key-pattern.ts';

export interface RuleMatch {
  readonly rule: Rule;
  readonly takes: boolean;
  /** The reason, for people. */
  readonly because: string;
}

/** The rules that take a key: the first match with all its agents, or every match if the document says "all". */
export const rulesFor = (set: RuleSet, key: string): readonly Rule[] =>
  matchRules(set, key).flatMap(({ rule, takes }) => (takes ? [rule] : []));

/** Whether each rule takes this key, and why not. */
export function matchRules({ match, rules }: RuleSet, key: string): readonly RuleMatch[] {
  const objectionTo = isManifestKey(key) ? objectionToManifest : objectionOf;
  // A rule for manifests only wins over rules for videos, in any order.
  const meant = isManifestKey(key)
    ? rules.find((rule) => rule.start === 'manifest' && objectionTo(rule, key) === undefined)
    : undefined;
  let first: string | undefined;
  return rules.map((rule) => {
    const against = objectionTo(rule, key);
    if (against !== undefined) return { rule, takes: false, because: against };
    if (meant !== undefined && rule.start !== 'manifest')
      return { rule, takes: false, because: `it matches, but "${meant.of ?? meant.id}" is for manifests alone` };
    const id = rule.of ?? rule.id;
    first ??= id;
    if (match === 'first' && id !== first)
      return { rule, takes: false, because: `it matches, but "${first}" stands before it and takes the key` };
    return { rule, takes: true, because: welcome(rule, key) };
  });
}

/** For comparison only: Unicode has two ways to write some letters, and keys keep theirs. */
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

/** A manifest's name says nothing about its videos, so a rule's conditions on video names do not apply to it. */
function objectionToManifest(rule: Rule, key: string): string | undefined {
  const { suffixes, pattern, ...byPlace } = rule;
  const named = suffixes?.some(isOfManifests) === true || (pattern !== undefined && isOfManifests(pattern));
  if (named) return objectionOf(rule, key);
  if (suffixes !== undefined && rule.prefix === '' && pattern === undefined && rule.start !== 'manifest')
    return 'it takes videos of some endings wherever they lie, and the key is that of a manifest';
  const place = pattern === undefined ? undefined : placeOfPattern(pattern);
  return objectionOf(place === undefined ? byPlace : { ...byPlace, pattern: place }, key);
}

function welcome({ prefix, suffixes, pattern }: Rule, key: string): string {
  const reasons = [
    ...(prefix === '' ? [] : [`the key begins with "${prefix}"`]),
    ...(suffixes === undefined || isManifestKey(key) ? [] : ['the key has one of the endings']),
    ...(pattern === undefined ? [] : [shapeOf(pattern, key)]),
  ];
  return reasons.length === 0 ? 'it takes all keys' : reasons.join(' and ').replaceAll(' and the key ', ' and it ');
}

const shapeOf = (pattern: string, key: string): string =>
  matchPattern(pattern, key) === undefined
    ? `the key lies where "${pattern}" may lie`
    : `the key is of the shape "${pattern}"`;

const folded = (text: string): string => text.normalize('NFC').toLowerCase();
