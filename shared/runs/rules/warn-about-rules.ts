import { idOf } from './compile-rules.ts';
import type { RuleDocument, WrittenRule } from './document.ts';
import type { RuleFault } from './fault.ts';
import { readRules } from './parse-rules.ts';
import { piecesOf } from './template.ts';
import { type Fault, placeOf, readJson } from './text-places.ts';

/** Warns about rules that are valid but probably not intended; empty for a document with faults. */
export function warnAboutRules(text: string): readonly Fault[] {
  const json = readJson(text);
  if ('faults' in json || 'faults' in readRules(json.value)) return [];
  const document = json.value as RuleDocument;
  return [...neverTaking(document), ...withoutRate(document), ...meetingAgain(document)].map((fault) =>
    placeOf(json, fault),
  );
}

function neverTaking({ match = 'first', rules }: RuleDocument): RuleFault[] {
  if (match === 'all') return [];
  const takers = rules.filter(({ after }) => after === undefined);
  return takers.flatMap((rule, place) => {
    const earlier = takers.slice(0, place).find((other) => takesAllOf(other, rule));
    if (earlier === undefined) return [];
    const message = `never takes a key, since "${idOf(earlier)}" stands before it and takes all of them. Put it first, or say "match": "all"`;
    return [{ path: ['rules', rules.indexOf(rule)], message }];
  });
}

const folded = (text: string): string => text.normalize('NFC').toLowerCase();

function takesAllOf(earlier: WrittenRule, later: WrittenRule): boolean {
  if (earlier.pattern !== undefined || earlier.exclude !== undefined) return false;
  // Manifests go to the rule that only takes manifests.
  if (later.start === 'manifest' && earlier.start !== 'manifest') return false;
  const literal = later.prefix ?? '';
  if (!literal.normalize('NFC').startsWith((earlier.prefix ?? '').normalize('NFC'))) return false;
  const { suffixes } = earlier;
  if (suffixes === undefined) return true;
  return later.suffixes?.every((each) => suffixes.some((end) => folded(each).endsWith(folded(end)))) ?? false;
}

function withoutRate({ budget, rate, rules }: RuleDocument): RuleFault[] {
  if (budget === undefined || rate !== undefined) return [];
  return rules.flatMap((rule, index) =>
    rule.rate === undefined
      ? [
          {
            path: ['rules', index],
            message: 'has no rate, so its runs count as free and the budget does not hold them back',
          },
        ]
      : [],
  );
}

const ofOneRun = ['run', 'output'];
const ofOneAgent = [...ofOneRun, 'agent', 'rule'];

/** The outputs of a second version, or of a rule's second agent, find their keys taken. */
function meetingAgain({ rules }: RuleDocument): RuleFault[] {
  return rules.flatMap(({ agentIds = [], deliver = {} }, index) => {
    const { key, ifExists = 'rename' } = deliver;
    if (key === undefined) return [];
    const names = piecesOf(key).flatMap((piece) => (typeof piece === 'string' ? [] : [piece.name]));
    const isAlone = (variables: readonly string[]) => names.some((name) => variables.includes(name));
    // "replace" is meant for new versions, but hardly for one agent's outputs replacing another's.
    if (ifExists === 'replace' ? agentIds.length < 2 || isAlone(ofOneAgent) : isAlone(ofOneRun)) return [];
    return [{ path: ['rules', index, 'deliver', 'key'], message: meetingWords[ifExists] }];
  });
}

const meetingWords = {
  rename:
    'is the same for every version of a key, and what is there is never written over: what comes second has a mark added to its name. Add {run} or {output} to have all alike',
  replace:
    'is the same for all agents of this rule, so what one of them made replaces what the others did. Add {agent}, or give each a rule of its own',
  fail: 'is the same for every version of a key: what comes second is not delivered. Add {run} or {output} to have all delivered',
} as const;
