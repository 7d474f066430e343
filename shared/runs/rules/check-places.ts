import { idOf } from './arrange-rules.ts';
import type { RuleDocument, WrittenRule } from './document.ts';
import type { RuleFault } from './parse-rules.ts';
import { piecesOf } from './template.ts';

export interface Places {
  /** Names of buckets. */
  readonly uploads: string;
  readonly deliveries: string;
  readonly deliveriesPrefix: string;
}

/** Rules that take what others, or they themselves, deliver: each turn would be paid for. */
export function overlapFaults({ rules }: RuleDocument, places: Places): readonly RuleFault[] {
  if (places.uploads !== places.deliveries) return [];
  const landings = rules.flatMap((rule, index) =>
    sourcesOf(rule, rules).map((source) => ({ rule, index, head: landingOf(rule, source, places.deliveriesPrefix) })),
  );
  const faults = rules.flatMap((taker, index) => {
    if (taker.after !== undefined) return [];
    const landing = landings.find(({ head }) => mayTake(taker, head));
    return landing === undefined ? [] : [overlap(taker, index, landing, places)];
  });
  return faults.filter(({ path }, index) => faults.findIndex((other) => `${other.path}` === `${path}`) === index);
}

interface Landing {
  readonly rule: WrittenRule;
  readonly index: number;
  readonly head: string;
}

function overlap(taker: WrittenRule, index: number, landing: Landing, { uploads }: Places): RuleFault {
  const path = ['rules', index, ...(taker.prefix === undefined ? ['pattern'] : ['prefix'])];
  const where = landing.head === '' ? 'anywhere in' : `under "${landing.head}" in`;
  return {
    path,
    message:
      `takes keys ${intakeOf(taker) === '' ? 'of any name' : `under "${intakeOf(taker)}"`}, and outputs of ` +
      `"${idOf(landing.rule)}" may land ${where} the same bucket (${uploads}): they would be edited again and again. ` +
      'Give the deliveries a prefix or bucket of their own, or exclude it ("exclude": ["deliveries/**"])',
  };
}

/** The rules of uploads whose keys a rule's outputs are named by: itself, or the first of its chain. */
function sourcesOf(rule: WrittenRule, rules: readonly WrittenRule[]): readonly WrittenRule[] {
  let source: WrittenRule | undefined = rule;
  while (source?.after !== undefined) source = rules.find((each) => idOf(each) === source?.after);
  return source === undefined ? [] : [source];
}

/** What the keys of all its outputs begin with, as far as that is certain. */
function landingOf(rule: WrittenRule, source: WrittenRule, deliveriesPrefix: string): string {
  const folder = intakeOf(source).slice(0, intakeOf(source).lastIndexOf('/') + 1);
  let head = deliveriesPrefix;
  for (const piece of piecesOf(rule.deliver?.key ?? '{key}')) {
    if (typeof piece !== 'string')
      return piece.filters.length === 0 && ['folder', 'key'].includes(piece.name) ? head + folder : head;
    head += piece;
  }
  return head;
}

/** What the keys that a rule takes begin with. */
function intakeOf({ prefix = '', pattern = '' }: WrittenRule): string {
  const literal = /^[^*{]*/.exec(pattern)?.[0] ?? '';
  return (literal.length > prefix.length ? literal : prefix).normalize('NFC');
}

function mayTake(taker: WrittenRule, landing: string): boolean {
  const head = landing.normalize('NFC');
  const intake = intakeOf(taker);
  const meet = head.startsWith(intake) || intake.startsWith(head);
  return meet && !(taker.exclude ?? []).some((pattern) => coversAll(pattern, head));
}

function coversAll(pattern: string, head: string): boolean {
  const start = pattern.normalize('NFC').toLowerCase();
  return start.endsWith('**') && !/[*{]/.test(start.slice(0, -2)) && head.toLowerCase().startsWith(start.slice(0, -2));
}
