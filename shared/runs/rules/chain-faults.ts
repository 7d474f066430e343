import { nearest } from './closest-name.ts';
import { idOf, rulesAfter } from './compile-rules.ts';
import type { RuleDocument, WrittenRule } from './document.ts';
import type { RuleFault } from './fault.ts';

/** Chains that are cycles, name no rule, or are too long. */
const maxChain = 10;
const maxFollowers = 50;
/** The runs that take one run's outputs are created in one transaction, which holds this many. */
const maxBeside = 16;

export function chainFaults(document: RuleDocument): RuleFault[] {
  const byId = new Map(document.rules.map((rule) => [idOf(rule), rule]));
  const faults = document.rules.flatMap((rule, index) => {
    const message = rule.after === undefined ? undefined : faultOfChain(rule, byId);
    return message === undefined ? [] : [{ path: ['rules', index, 'after'], message }];
  });
  return faults.length > 0 ? faults : crowdFaults(document);
}

function faultOfChain(rule: WrittenRule, byId: ReadonlyMap<string, WrittenRule>): string | undefined {
  const chain = [idOf(rule)];
  for (let id = rule.after; id !== undefined; id = byId.get(id)?.after) {
    chain.push(id);
    if (id === chain[0]) return `makes a loop: ${chain.join(' after ')}`;
    if (chain.length > maxChain) return `makes a chain of more than ${maxChain} rules, or one that never ends`;
    if (!byId.has(id)) return chain.length > 2 ? undefined : `names "${id}", and no rule has that id${meant(id, byId)}`;
  }
  return undefined;
}

function meant(id: string, byId: ReadonlyMap<string, WrittenRule>): string {
  const near = nearest(id, byId.keys());
  return near === undefined ? '' : `; did you mean "${near}"?`;
}

/** Each rule that follows from one upload costs a run, and is stored with the first run. */
function crowdFaults(document: RuleDocument): RuleFault[] {
  return document.rules.flatMap((rule, index) => {
    const beside = rulesAfter(document, idOf(rule)).reduce((sum, { agentIds }) => sum + (agentIds?.length ?? 1), 0);
    if (beside > maxBeside)
      return [
        {
          path: ['rules', index],
          message: `is followed by ${beside} runs at once by the rules after it; at most ${maxBeside} are taken`,
        },
      ];
    if (rule.after !== undefined) return [];
    const count = followers(document, rule);
    if (count <= maxFollowers) return [];
    return [
      {
        path: ['rules', index],
        message: `starts ${count} more runs by the rules after it; at most ${maxFollowers} are taken`,
      },
    ];
  });
}

const followers = (document: RuleDocument, rule: WrittenRule): number =>
  (rule.agentIds?.length ?? 1) *
  rulesAfter(document, idOf(rule)).reduce(
    (sum, next) => sum + (next.agentIds?.length ?? 1) + followers(document, next),
    0,
  );
