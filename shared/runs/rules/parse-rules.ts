import { InvalidInput } from '../../errors.ts';
import type { RuleSet } from '../run/rule.ts';
import { compileRules } from './compile-rules.ts';
import { documentSchema, fieldNames, type RuleDocument, type WrittenRule } from './document.ts';
import type { RuleFault } from './fault.ts';
import { faultsOfRules } from './rule-faults.ts';
import { faultsOfIssue, inWords } from './wording.ts';

export type ReadRules = { readonly rules: RuleSet } | { readonly faults: readonly RuleFault[] };

/** Parses the rule document; the error names every fault and its place. */
export function parseRules(document: unknown, version = 0): RuleSet {
  const read = readRules(document, version);
  if ('rules' in read) return read.rules;
  throw new InvalidInput(`The rules cannot be used: ${read.faults.map(inWords).join('; ')}.`, { faults: read.faults });
}

export function readRules(document: unknown, version = 0): ReadRules {
  const { document: parsed, faults } = lookOver(document);
  return faults.length > 0 || parsed === undefined ? { faults } : { rules: ruleSet(parsed, version) };
}

/** `document` has a placeholder for each rule that cannot be read; `unread` has their positions. */
export interface LookedOver {
  readonly faults: readonly RuleFault[];
  readonly document?: RuleDocument;
  readonly unread: ReadonlySet<number>;
}

/** Checks the other rules too if one has wrong fields. */
export function lookOver(document: unknown): LookedOver {
  const parsed = documentSchema.safeParse(document);
  if (parsed.success) return { faults: faultsOfRules(parsed.data), document: parsed.data, unread: new Set() };
  const faults = parsed.error.issues.flatMap((issue) => faultsOfIssue(issue, fieldNames));
  const unread = new Set(
    parsed.error.issues.flatMap(({ path: [root, index] }) =>
      root === 'rules' && typeof index === 'number' ? [index] : [],
    ),
  );
  const written = listOfRules(document);
  if (written === undefined) return { faults, unread };
  const rules = written.map((rule, index) => (unread.has(index) ? standIn(rule, index) : (rule as WrittenRule)));
  const meant = faultsOfRules({ rules }, unread);
  return { faults: [...faults, ...meant], document: { rules }, unread };
}

const listOfRules = (document: unknown): readonly unknown[] | undefined =>
  typeof document === 'object' && document !== null && 'rules' in document && Array.isArray(document.rules)
    ? document.rules
    : undefined;

/** The placeholder of an unreadable rule keeps its name and the rule it follows, for checks of other rules. */
function standIn(rule: unknown, index: number): WrittenRule {
  const { id, after, prefix, suffixes } = (rule ?? {}) as Record<string, unknown>;
  const texts = (value: unknown): value is string[] =>
    Array.isArray(value) && value.every((each) => typeof each === 'string');
  const named = {
    ...(typeof after === 'string' ? { after } : {}),
    ...(typeof prefix === 'string' ? { prefix } : {}),
    ...(texts(suffixes) ? { suffixes } : {}),
  };
  if (typeof id === 'string') return { id, ...named };
  // Without any of these its name is unknown, and must not equal another rule's.
  return Object.keys(named).length > 0 ? named : { id: `\0${index}` };
}

const ruleSet = (document: RuleDocument, version: number): RuleSet => ({
  match: document.match ?? 'first',
  rules: compileRules(document),
  maxRunsPerHour: document.maxRunsPerHour ?? 1000,
  ...(document.budget === undefined ? {} : { budget: document.budget }),
  maxHops: document.maxHops ?? 3,
  version,
});
