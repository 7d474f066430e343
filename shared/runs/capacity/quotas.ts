import type { Item, Key, Write } from '../../platform/ports.ts';
import type { RunDeps } from '../run/deps.ts';
import type { Limits, RuleSet } from '../run/rule.ts';
import type { Run } from '../run/run.ts';
import { spentKey, startedKey } from '../run/run-items.ts';

/** `full`: no run may start now. `rule-full`: no run of this rule may. `too-costly`: this run never may. */
export type Counted =
  | { readonly outcome: 'counted'; readonly writes: readonly Write[] }
  | { readonly outcome: 'full' | 'rule-full' }
  | { readonly outcome: 'too-costly'; readonly reason: string };

/** Counters expire after two days. */
const keptSeconds = 2 * 24 * 3600;

/**
 * Returns the writes that count a start against the hourly cap and the daily budget. Each one is conditional on the
 * counter's last value and is written in the transaction that starts the run, so the counters are exact.
 */
export async function countStart(deps: RunDeps, limits: Limits, run: Run): Promise<Counted> {
  const now = new Date(deps.clock()).toISOString();
  const [hour, day] = [now.slice(0, 13), now.slice(0, 10)];
  const all = limits.maxRunsPerHour;
  const ofRule = run.rule.maxRunsPerHour;
  const writes: Write[] = [];
  if (all !== undefined) {
    const counter = await readCounter(deps, startedKey(hour));
    if (counter.value >= all) return logOnce(deps, counter, 'storm.stopped', { hour, maxRunsPerHour: all }, 'full');
    writes.push(increment(deps, counter, 1));
  }
  if (ofRule !== undefined) {
    const counter = await readCounter(deps, startedKey(hour, run.rule.id));
    const facts = { hour, maxRunsPerHour: ofRule, ruleId: run.rule.id };
    if (counter.value >= ofRule) return logOnce(deps, counter, 'storm.stopped', facts, 'rule-full');
    writes.push(increment(deps, counter, 1));
  }
  const { budget } = limits;
  const cost = costOf(run);
  if (budget === undefined || cost === undefined) return { outcome: 'counted', writes };
  if (cost > budget.perDay) return { outcome: 'too-costly', reason: tooCostly(cost, budget) };
  const counter = await readCounter(deps, spentKey(day));
  if (cents(counter.value + cost) > budget.perDay)
    return logOnce(deps, counter, 'budget.reached', { day, spent: counter.value, ...budget }, 'full');
  return { outcome: 'counted', writes: [...writes, increment(deps, counter, cost)] };
}

/** Refunds the estimate of a start that definitely never ran, to the day on which it was sent. */
export async function refundEstimate(
  deps: RunDeps,
  run: Run & { readonly startedAt: string },
): Promise<readonly Write[]> {
  const cost = costOf(run);
  if (cost === undefined) return [];
  const counter = await readCounter(deps, spentKey(run.startedAt.slice(0, 10)));
  // Without a budget on that day nothing was counted.
  return counter.found === undefined || counter.value <= 0
    ? []
    : [increment(deps, counter, -Math.min(cost, counter.value))];
}

export interface Spending {
  readonly startedThisHour: number;
  readonly spentToday: number;
}

export async function readSpending(deps: RunDeps, ruleId?: string): Promise<Spending> {
  const now = new Date(deps.clock()).toISOString();
  const started = await readCounter(deps, startedKey(now.slice(0, 13), ruleId));
  const spent = await readCounter(deps, spentKey(now.slice(0, 10)));
  return { startedThisHour: started.value, spentToday: spent.value };
}

interface Counter {
  readonly key: Key;
  readonly value: number;
  readonly found?: Item;
}

async function readCounter({ runs }: RunDeps, key: Key): Promise<Counter> {
  const found = await runs.get(key);
  return { key, value: Number(found?.value ?? 0), found };
}

const increment = (deps: RunDeps, counter: Counter, amount: number): Write =>
  counterWrite(deps, counter, { value: cents(counter.value + amount) });

function counterWrite(
  { clock }: RunDeps,
  { key, value, found }: Counter,
  change: { value?: number; told?: true },
): Write {
  const expiresAt = Math.floor(clock() / 1000) + keptSeconds;
  const put: Item = {
    ...key,
    type: 'counter',
    value,
    ...(found?.told === true && { told: true }),
    expiresAt,
    ...change,
  };
  return { put, if: found === undefined ? 'absent' : { value } };
}

/** Logs once for each counter that no more runs may start. */
async function logOnce(
  deps: RunDeps,
  counter: Counter,
  event: string,
  facts: Record<string, unknown>,
  outcome: 'full' | 'rule-full',
): Promise<Counted> {
  if (counter.found?.told === true) return { outcome };
  const written = await deps.runs.write(counterWrite(deps, counter, { told: true }));
  if (written.done) deps.log.error(event, facts);
  return { outcome };
}

/** The rules have one currency, so the amount can be compared with the budget. */
const costOf = ({ estimate }: Run): number | undefined => estimate?.amount;

const tooCostly = (cost: number, { perDay, currency }: NonNullable<RuleSet['budget']>): string =>
  `it is estimated to cost ${cost} ${currency}, more than the ${perDay} ${currency} that all runs of a day may cost. Raise the budget, then retry it.`;

/** Rounds to a thousandth of a cent, so that sums of fractions do not drift. */
const cents = (amount: number): number => Math.round(amount * 1e5) / 1e5;
