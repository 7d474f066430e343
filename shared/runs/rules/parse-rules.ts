import type * as z from 'zod';
import { InvalidInput } from '../../errors.ts';
import { arrangeRules } from './arrange-rules.ts';
import { documentSchema, fieldNames, type RuleDocument } from './document.ts';
import { nearest } from './nearest.ts';
import type { RuleSet } from './rule.ts';
import { faultsOfRules } from './rule-faults.ts';

/** What is wrong, and where in the document. */
export interface RuleFault {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

export type ReadRules = { readonly rules: RuleSet } | { readonly faults: readonly RuleFault[] };

/** Reads the rule document; the error names every fault and where it is. */
export function parseRules(document: unknown, version = 0): RuleSet {
  const read = readRules(document, version);
  if ('rules' in read) return read.rules;
  const faults = read.faults.map(
    ({ path, message }) => `${path.length > 0 ? path.join('.') : 'the document'} ${message}`,
  );
  throw new InvalidInput(`The rules cannot be used: ${faults.join('; ')}.`, { faults: read.faults });
}

export function readRules(document: unknown, version = 0): ReadRules {
  const parsed = documentSchema.safeParse(document);
  if (!parsed.success) return { faults: parsed.error.issues.flatMap(faultsOfIssue) };
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

function faultsOfIssue(issue: z.core.$ZodIssue): RuleFault[] {
  const path = issue.path.filter((step) => typeof step !== 'symbol');
  if (issue.code !== 'unrecognized_keys') return [{ path, message: issue.message }];
  return issue.keys.map((name) => ({ path: [...path, name], message: `is no field that is known here${meant(name)}` }));
}

function meant(name: string): string {
  const near = nearest(name, fieldNames);
  return near === undefined ? '' : `; did you mean "${near}"?`;
}
