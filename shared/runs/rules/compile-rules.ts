import type { Rule } from '../run/rule.ts';
import type { RuleDocument, WrittenRule } from './document.ts';

const defaultPriority = 5;

/** Compiles the document to one rule per agent, in order. Rules with `after` go into the `next` of the rule they follow. */
export const compileRules = (document: RuleDocument): readonly Rule[] =>
  document.rules.filter(({ after }) => after === undefined).flatMap((written) => rulesOf(written, document));

/** The id of a rule. Without one it is derived from what the rule takes, so its position does not matter. */
export const idOf = ({ id, prefix, suffixes, after }: WrittenRule): string =>
  id ?? (after === undefined ? `${prefix ?? ''}*${(suffixes ?? []).join('|')}` : `after ${after}`);

export const rulesAfter = (document: RuleDocument, id: string): readonly WrittenRule[] =>
  document.rules.filter(({ after }) => after === id);

function rulesOf(written: WrittenRule, document: RuleDocument): Rule[] {
  const { id: _id, agentId, agentIds, after: _after, gatherMinutes, deadlineMinutes, ...rest } = written;
  const id = idOf(written);
  const next = rulesAfter(document, id).flatMap((each) => rulesOf(each, document));
  const rate = written.rate ?? document.rate;
  const common = {
    ...rest,
    prefix: written.prefix ?? '',
    priority: written.priority ?? defaultPriority,
    ...(gatherMinutes === undefined ? {} : { gatherSeconds: gatherMinutes * 60 }),
    ...(deadlineMinutes === undefined ? {} : { deadlineSeconds: deadlineMinutes * 60 }),
    ...(rate === undefined ? {} : { rate }),
    ...(next.length === 0 ? {} : { next }),
  };
  if (agentIds === undefined) return [{ id, agentId: agentId ?? '', ...common } as Rule];
  // Also for a list of one: adding a second agent must not rename the first, which would create new runs.
  return agentIds.map((each) => ({ id: `${id}@${each}`, of: id, agentId: each, ...common }) as Rule);
}
