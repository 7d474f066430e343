import * as z from 'zod';
import { InvalidInput } from '../errors.ts';
import type { Rule } from './rules/rule.ts';

const rulesSchema = z.strictObject({
  rules: z.array(
    z.strictObject({
      /** Part of what makes an upload claimed once; by default made of the prefix and suffixes. */
      id: z.string().min(1).max(200).optional(),
      prefix: z.string(),
      suffixes: z.array(z.string().min(1)).min(1).optional(),
      agentId: z.string().min(1),
      updateParams: z.record(z.string(), z.record(z.string(), z.json())).optional(),
      priority: z.int().min(0).max(9).optional(),
    }),
  ),
});

/** Which uploads go to which agent: the first rule that matches decides. */
export type Rules = readonly Rule[];

const defaultPriority = 5;
/** It is the end of a claim's key, and a sort key has at most 1024 bytes. */
const maxIdBytes = 1000;

/** Reads the rule document; the error names every fault and where it is. */
export function parseRules(document: unknown): Rules {
  const parsed = rulesSchema.safeParse(document);
  if (!parsed.success) throw new InvalidInput(`The rules cannot be used: ${faultsOf(parsed.error)}.`);
  const rules = parsed.data.rules.map((rule) => ({
    ...rule,
    id: rule.id ?? `${rule.prefix}*${(rule.suffixes ?? []).join('|')}`,
    priority: rule.priority ?? defaultPriority,
  }));
  const repeated = rules.find((rule, index) => rules.findIndex(({ id }) => id === rule.id) !== index);
  if (repeated !== undefined)
    throw new InvalidInput(`The rules cannot be used: two of them are called "${repeated.id}"; give each its own id.`);
  const long = rules.find(({ id }) => Buffer.byteLength(id) > maxIdBytes);
  if (long !== undefined)
    throw new InvalidInput(`The rules cannot be used: "${long.id.slice(0, 50)}…" is too long a name; give it an id.`);
  return rules;
}

export const ruleFor = (rules: Rules, key: string): Rule | undefined => rules.find((rule) => matches(rule, key));

/** Keys are bytes and stay as they are; only here do two ways to write the same letter count as one. */
function matches({ prefix, suffixes }: Rule, key: string): boolean {
  const name = key.normalize('NFC');
  if (!name.startsWith(prefix.normalize('NFC'))) return false;
  return suffixes?.some((suffix) => name.toLowerCase().endsWith(suffix.normalize('NFC').toLowerCase())) ?? true;
}

const faultsOf = (error: z.ZodError): string =>
  error.issues
    .map(({ path, message }) => `${path.length > 0 ? path.join('.') : 'the document'}: ${message}`)
    .join('; ');
