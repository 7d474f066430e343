import { InvalidInput } from '../../errors.ts';
import { arrangeRules } from './arrange-rules.ts';
import { documentSchema, fieldNames, type RuleDocument } from './document.ts';
import type { RuleSet } from './rule.ts';
import { faultsOfRules } from './rule-faults.ts';
import { faultsOfIssue, inWords, type PlacedFault } from './wording.ts';

export type RuleFault = PlacedFault;

export type ReadRules = { readonly rules: RuleSet } | { readonly faults: readonly RuleFault[] };

/** Reads the rule document; the error names every fault and where it is. */
export function parseRules(document: unknown, version = 0): RuleSet {
  const read = readRules(document, version);
  if ('rules' in read) return read.rules;
  throw new InvalidInput(`The rules cannot be used: ${read.faults.map(inWords).join('; ')}.`, { faults: read.faults });
}

export function readRules(document: unknown, version = 0): ReadRules {
  const parsed = documentSchema.safeParse(document);
  if (!parsed.success) return { faults: parsed.error.issues.flatMap((issue) => faultsOfIssue(issue, fieldNames)) };
  const faults = faultsOfRules(parsed.data);
  return faults.length > 0 ? { faults } : { rules: ruleSet(parsed.data, version) };
}

const ruleSet = (document: RuleDocument, version: number): RuleSet => ({
  match: document.match ?? 'first',
  rules: arrangeRules(document),
  maxRunsPerHour: document.maxRunsPerHour ?? 1000,
  ...(document.budget === undefined ? {} : { budget: document.budget }),
  maxHops: document.maxHops ?? 3,
  version,
});
