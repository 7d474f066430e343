import { messageOf, PermanentError } from '../../errors.ts';
import type { Write } from '../../platform/ports.ts';
import { assertDeliverable } from '../rules/assert-deliverable.ts';
import { estimateRun } from '../rules/estimate.ts';
import { fillParams, keyVariables, type Variables } from '../rules/template.ts';
import type { RunDeps } from '../run/deps.ts';
import { newRunId } from '../run/ids.ts';
import type { Limits, Rule } from '../run/rule.ts';
import type { RejectedRun, Run, Waiting } from '../run/run.ts';
import { claimKey, newRunWrites } from '../run/run-items.ts';
import { chainIdentity } from './next-attempt.ts';

/** How often an output may become an input again, unless the rules set maxHops. */
const defaultMaxHops = 3;

/** One transaction creates them all, and it holds at most 100 writes. */
const mostAtOnce = 16;

export interface ChainDeps extends RunDeps {
  readonly limits?: Limits;
}

/**
 * Creates a run for each rule that follows this run's rule, with this run's outputs as its inputs. The writes belong in
 * the transaction of the move that found the outputs, so there is exactly one run for each rule.
 */
export function chainWrites(deps: ChainDeps, run: Run, renderIds: readonly string[]): readonly Write[] {
  const { next = [] } = run.rule;
  if (next.length === 0 || renderIds.length === 0) return [];
  const hops = (run.lineage?.hops ?? 0) + 1;
  const maxHops = deps.limits?.maxHops ?? defaultMaxHops;
  if (hops > maxHops) {
    deps.log.warn('chain.stopped', { runId: run.id, hops, maxHops });
    return [];
  }
  if (next.length > mostAtOnce) deps.log.error('chain.too-wide', { runId: run.id, rules: next.length, mostAtOnce });
  return next.slice(0, mostAtOnce).flatMap((rule) => {
    const chained = chainedRun(deps, run, rule, renderIds, hops);
    const claim = { ...claimKey(chainIdentity(run.id), rule.id), type: 'claim', runId: chained.id };
    return [{ put: claim, if: 'absent' } as const, ...newRunWrites(chained)];
  });
}

function chainedRun(
  deps: ChainDeps,
  parent: Run,
  rule: Rule,
  renderIds: readonly string[],
  hops: number,
): Waiting | RejectedRun {
  const { clock, newId = newRunId } = deps;
  const createdAt = new Date(clock()).toISOString();
  const { upload, media, lineage } = parent;
  const variables = variablesOf(rule, parent);
  const base = {
    estimate: estimated(deps, rule, parent),
    ...{ id: newId(), upload, variables, media, createdAt, updatedAt: createdAt, attempt: 1, revision: 1 },
    input: { kind: 'renders', renderIds, ofRunId: parent.id } as const,
    lineage: { hops, rootRunId: lineage?.rootRunId ?? parent.id, parentRunId: parent.id },
  };
  try {
    return { ...base, rule: filled(rule, { upload, variables, createdAt }), status: 'waiting', starts: 0 };
  } catch (error) {
    if (!(error instanceof PermanentError)) throw error;
    // The parent's own outputs are still delivered.
    return { ...base, rule, status: 'rejected', reason: `its rule cannot be filled in: ${messageOf(error)}` };
  }
}

/** The length of the outputs is not known yet, so the length of their source is used. */
function estimated({ limits }: ChainDeps, { rate }: Rule, { upload, media, estimate }: Run): Run['estimate'] {
  const currency = limits?.budget?.currency ?? estimate?.currency ?? 'USD';
  const amount = rate && estimateRun(rate, { bytes: upload.size, seconds: media?.seconds });
  return amount === undefined ? undefined : { amount, currency };
}

/** Data of this rule overrides data of the rule it follows, and a sidecar overrides both. */
function variablesOf({ data }: Rule, { variables = {} }: Run): NonNullable<Run['variables']> {
  const [before, asked] = [variables.data, variables.sidecar] as (object | undefined)[];
  return { ...variables, data: { ...before, ...data, ...asked } };
}

type Known = Pick<Run, 'upload' | 'createdAt' | 'variables'>;

function filled(rule: Rule, { upload, createdAt, variables }: Known): Rule {
  const known: Variables = { metadata: {}, sidecar: {}, ...keyVariables(rule, upload, createdAt), ...variables };
  assertDeliverable(rule.deliver ?? {}, known);
  return rule.updateParams === undefined ? rule : { ...rule, updateParams: fillParams(rule.updateParams, known) };
}
