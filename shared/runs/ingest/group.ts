import { fillTemplate, keyVariables } from '../rules/template.ts';
import type { Rule } from '../run/rule.ts';
import type { GroupStart } from '../run/rule-schemas.ts';
import type { InputObject, Run } from '../run/run.ts';

export type GroupRule = Rule & { readonly start: GroupStart };

export const isGroupRule = (rule: Rule): rule is GroupRule => typeof rule.start === 'object';

export const isNoMember = ({ id }: Rule): string =>
  `its name has none of the endings that rule "${id}" makes groups of.`;

/** What its key says about which group an upload belongs to. */
export const groupText = ({ upload, rule, createdAt }: Run, { groupBy }: GroupStart): string =>
  fillTemplate(groupBy, keyVariables(rule, upload, createdAt));

export type Place = NonNullable<GroupStart['members']>[number];

/** The longest ending that fits, so that `-cam1.mp4` goes before `.mp4`. */
export function placeOf({ members }: GroupStart, key: string): Place | undefined {
  const name = folded(key);
  return [...(members ?? [])]
    .sort((a, b) => b.suffix.length - a.suffix.length)
    .find(({ suffix }) => name.endsWith(folded(suffix)));
}

/** What is still to come, in words; undefined when the group is complete. */
export function missingFrom(start: GroupStart, members: readonly InputObject[]): string | undefined {
  if (start.members === undefined) {
    const count = start.count ?? 2;
    return members.length >= count ? undefined : `${count - members.length} of ${count} files`;
  }
  const there = new Set(members.map(({ key }) => placeOf(start, key)));
  const missing = start.members.filter((place) => !there.has(place)).map(({ suffix }) => `*${suffix}`);
  return missing.length === 0 ? undefined : missing.join(', ');
}

/** In the order that the rule gives, else by key: however they came, the agent is given them alike. */
export function inOrder(start: GroupStart, members: readonly InputObject[]): readonly InputObject[] {
  const rank = ({ key }: InputObject): number => {
    const place = placeOf(start, key);
    return place === undefined ? -1 : (start.members ?? []).indexOf(place);
  };
  return [...members].sort((a, b) => rank(a) - rank(b) || (a.key < b.key ? -1 : 1));
}

const folded = (text: string): string => text.normalize('NFC').toLowerCase();
