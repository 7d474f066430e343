import type { RuleDocument, WrittenRule } from './document.ts';
import type { RuleFault } from './fault.ts';

export interface Places {
  /** Names of buckets. */
  readonly uploads: string;
  readonly deliveries: string;
  /** The prefix of all delivered keys. */
  readonly deliveriesPrefix: string;
}

/** Finds rules that could take deliveries as uploads: a loop, and each round would cost money. */
export function overlapFaults({ rules }: RuleDocument, places: Places): readonly RuleFault[] {
  if (places.uploads !== places.deliveries) return [];
  return rules.flatMap((rule, index) =>
    rule.after === undefined && mayTake(rule, places.deliveriesPrefix) ? [overlap(rule, index, places)] : [],
  );
}

function overlap(rule: WrittenRule, index: number, { uploads, deliveriesPrefix }: Places): RuleFault {
  const intake = rule.prefix ?? beginningOf(rule.pattern ?? '');
  const landing = deliveriesPrefix === '' ? 'anywhere' : `under "${deliveriesPrefix}"`;
  const remedy =
    deliveriesPrefix === ''
      ? 'Give the deliveries a prefix or a bucket of their own'
      : `Take uploads from elsewhere, or leave the deliveries out: "exclude": ["${deliveriesPrefix}**"]`;
  return {
    path: ['rules', index, rule.prefix === undefined ? 'pattern' : 'prefix'],
    message:
      `takes keys ${intake === '' ? 'of any name' : `under "${intake}"`}, and deliveries land ${landing} in the same ` +
      `bucket (${uploads}): they would be edited again and again. ${remedy}`,
  };
}

function mayTake(rule: WrittenRule, deliveriesPrefix: string): boolean {
  const { prefix = '', pattern = '', exclude = [] } = rule;
  const exact = meet(prefix.normalize('NFC'), deliveriesPrefix.normalize('NFC'));
  // Patterns ignore case.
  const shaped = meet(folded(beginningOf(pattern)), folded(deliveriesPrefix));
  return exact && shaped && !exclude.some((each) => coversAll(each, deliveriesPrefix));
}

const meet = (a: string, b: string): boolean => a.startsWith(b) || b.startsWith(a);

const beginningOf = (pattern: string): string => /^[^*{]*/.exec(pattern)?.[0] ?? '';

function coversAll(pattern: string, deliveriesPrefix: string): boolean {
  const covered = beginningOf(pattern);
  return pattern === `${covered}**` && folded(deliveriesPrefix).startsWith(folded(covered));
}

const folded = (text: string): string => text.normalize('NFC').toLowerCase();
