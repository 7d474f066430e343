import { estimateRun } from '../rules/estimate.ts';
import type { Rule } from '../run/rule.ts';
import type { Changes, Upload } from '../run/run.ts';
import type { IngestDeps } from './deps.ts';
import { rejected, type Verdict } from './verdict.ts';

/** All that a run needs to know before it waits for a slot. */
export type Admitted = Pick<Changes, 'input' | 'variables' | 'media' | 'lineage'> & {
  readonly upload: Upload;
  readonly rule: Rule;
};

/** The last look is at the price: what no day's budget would ever pay for need not wait for one. */
export async function admitted(deps: IngestDeps, known: Admitted, bytes: number): Promise<Verdict> {
  const { upload, rule, input, variables, media, lineage } = known;
  const changes: Changes = { upload, rule, input, variables, media, lineage };
  if (rule.rate === undefined) return { next: { status: 'waiting', starts: 0, ...defined(changes) } };
  const { budget } = await deps.rules();
  const currency = budget?.currency ?? 'USD';
  const amount = estimateRun(rule.rate, { bytes, seconds: media?.seconds });
  if (amount !== undefined && budget !== undefined && amount > budget.perDay)
    return rejected(
      `it is too costly: about ${amount} ${currency} by the rate of rule "${rule.id}", more than the whole daily budget of ${budget.perDay} ${currency}. Raise "budget" or upload a shorter video.`,
    );
  const estimate = amount === undefined ? undefined : { amount, currency };
  return { next: { status: 'waiting', starts: 0, ...defined({ ...changes, estimate }) } };
}

/** A field that is there and undefined would wipe out what the run knows already. */
export const defined = (changes: Changes): Changes =>
  Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined));
