import { readHold } from '../../../shared/runs/capacity/account-hold.ts';
import { readPauses } from '../../../shared/runs/capacity/pause.ts';
import { readSpending } from '../../../shared/runs/capacity/quotas.ts';
import type { Run } from '../../../shared/runs/run/run.ts';
import { localTime } from '../print/layout.ts';
import type { World } from '../world/world.ts';
import type { Obstacles } from './operator-next-step.ts';

/** Reads what prevents the run from starting now. */
export async function readObstacles(world: World, run: Run): Promise<Obstacles> {
  const [pauses, hold, full] = await Promise.all([readPauses(world), readHold(world), fullBecause(world, run)]);
  return { pauses, hold, full, nowMs: world.clock() };
}

/** Checks the limits of the hour and the day as the start of a run does. */
async function fullBecause(world: World, { status, rule, estimate }: Run): Promise<string | undefined> {
  if (status !== 'waiting') return undefined;
  const [{ maxRunsPerHour, budget }, all, ofRule] = await Promise.all([
    world.rules(),
    readSpending(world),
    readSpending(world, rule.id),
  ]);
  const nextHour = localTime(beginningAfter(world.clock(), 3_600_000));
  if (all.startedThisHour >= maxRunsPerHour)
    return `${all.startedThisHour} runs began in this hour, as many as may (maxRunsPerHour). It can start from ${nextHour} on.`;
  if (ofRule.startedThisHour >= (rule.maxRunsPerHour ?? Number.POSITIVE_INFINITY))
    return `${ofRule.startedThisHour} of its rule's runs began in this hour, as many as may (maxRunsPerHour). It can start from ${nextHour} on.`;
  if (budget === undefined || estimate === undefined || all.spentToday + estimate.amount <= budget.perDay)
    return undefined;
  const nextDay = localTime(beginningAfter(world.clock(), 86_400_000));
  return `${all.spentToday} of the ${budget.perDay} ${budget.currency} of today's budget are spent, and the rest is too little for it. It can start from ${nextDay} on, or once rules with a larger budget hold.`;
}

const beginningAfter = (nowMs: number, spanMs: number): string =>
  new Date((Math.floor(nowMs / spanMs) + 1) * spanMs).toISOString();
