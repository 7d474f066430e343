import type { SeedOutcome } from './simulate-seed.ts';

/** What many seeds came to. */
export interface Summary {
  seeds: number;
  steps: number;
  agentRuns: number;
  virtualHours: number;
  readonly faults: Map<string, number>;
  readonly endings: Map<string, number>;
  readonly hashes: Map<number, string>;
  readonly failures: Failure[];
  /** Whole traces, where they were asked for. */
  readonly traces: (readonly string[])[];
}

export type Failure = Pick<SeedOutcome, 'seed' | 'trace'> & { readonly rule: string; readonly facts: string };

const mostFailures = 20;

export const emptySummary = (): Summary => ({
  ...{ seeds: 0, steps: 0, agentRuns: 0, virtualHours: 0 },
  ...{ faults: new Map(), endings: new Map(), hashes: new Map(), failures: [], traces: [] },
});

export function addTo(summary: Summary, outcome: SeedOutcome, keepTrace = false): void {
  const { seed, trace, violation, hash } = outcome;
  summary.seeds += 1;
  summary.steps += outcome.steps;
  summary.agentRuns += outcome.agentRuns;
  summary.virtualHours += outcome.hours;
  for (const [kind, count] of outcome.faults) add(summary.faults, kind, count);
  for (const [ending, count] of outcome.endings) add(summary.endings, ending, count);
  summary.hashes.set(seed, hash);
  if (keepTrace) summary.traces.push(trace);
  if (violation !== undefined && summary.failures.length < mostFailures)
    summary.failures.push({ seed, trace, ...violation });
}

export function merge(into: Summary, other: Summary): void {
  into.seeds += other.seeds;
  into.steps += other.steps;
  into.agentRuns += other.agentRuns;
  into.virtualHours += other.virtualHours;
  for (const [kind, count] of other.faults) add(into.faults, kind, count);
  for (const [ending, count] of other.endings) add(into.endings, ending, count);
  for (const [seed, hash] of other.hashes) into.hashes.set(seed, hash);
  into.failures.push(...other.failures);
  into.traces.push(...other.traces);
}

const add = (counts: Map<string, number>, name: string, count: number): void =>
  void counts.set(name, (counts.get(name) ?? 0) + count);
