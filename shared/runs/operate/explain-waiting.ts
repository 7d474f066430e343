import { silentLog } from '../../log.ts';
import { isInForce, readHold } from '../capacity/account-hold.ts';
import { pausedBecause, readPauses } from '../capacity/pause.ts';
import { readSpending } from '../capacity/quotas.ts';
import type { Rule, RuleSet } from '../run/rule.ts';
import type { Run } from '../run/run.ts';
import type { ExplainDeps } from './explain-deps.ts';

/** What holds back every start now, in words. */
export async function holding(deps: ExplainDeps, set: RuleSet): Promise<readonly string[]> {
  const { all } = await readPauses(deps);
  const hold = await readHold(deps);
  const { startedThisHour, spentToday } = await readSpending({ ...deps, log: silentLog });
  const { budget, maxRunsPerHour } = set;
  return [
    ...(all === undefined ? [] : [`everything is paused since ${all.at}: ${all.reason}`]),
    ...(hold !== undefined && isInForce(deps, hold)
      ? [`the account is held until ${hold.until}: ${hold.message}`]
      : []),
    ...(startedThisHour < maxRunsPerHour ? [] : [`${startedThisHour} runs began in this hour, as many as may`]),
    ...(budget === undefined || spentToday < budget.perDay
      ? []
      : [`${spentToday} of ${budget.perDay} ${budget.currency} are spent today`]),
  ];
}

/** What holds back a rule's starts now, in words. */
export async function holdingRule(deps: ExplainDeps, rule: Rule): Promise<readonly string[]> {
  const { rules } = await readPauses(deps);
  const paused = pausedBecause({ rules }, rule);
  const { maxRunsPerHour = Number.POSITIVE_INFINITY } = rule;
  const { startedThisHour } = await readSpending({ ...deps, log: silentLog }, rule.id);
  return [
    ...(paused === undefined ? [] : [`the rule is paused since ${paused.at}: ${paused.reason}`]),
    ...(startedThisHour < maxRunsPerHour ? [] : [`${startedThisHour} of its runs began in this hour, as many as may`]),
  ];
}

/** Where nothing is left for anybody, that is said once for all rules. */
export async function tooLittleLeft(
  deps: ExplainDeps,
  { budget }: RuleSet,
  estimate: Run['estimate'],
): Promise<readonly string[]> {
  const { spentToday } = await readSpending({ ...deps, log: silentLog });
  if (budget === undefined || estimate === undefined || spentToday >= budget.perDay) return [];
  if (spentToday + estimate.amount <= budget.perDay) return [];
  return [
    `${spentToday} of ${budget.perDay} ${budget.currency} are spent today, and the rest is too little for it (${estimate.amount})`,
  ];
}
