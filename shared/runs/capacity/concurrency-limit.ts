import { isoAfter } from '../../platform/iso-time.ts';
import type { Item } from '../../platform/ports.ts';
import type { RunDeps } from '../run/deps.ts';
import { limitKey } from '../run/run-items.ts';
import { slotsHeld } from './slots.ts';

/** How many agent runs were in flight when the API refused one more. */
interface LearnedLimit {
  readonly limit: number;
  /** After this time, one more start than the limit is tried. */
  readonly until: string;
}

const believedSeconds = 3600;
/** After a successful extra start the next is tried sooner: the plan may have grown by several. */
const nextStepSeconds = 300;

async function readLimit({ runs }: Pick<RunDeps, 'runs'>): Promise<LearnedLimit | undefined> {
  return (await runs.get(limitKey)) as (Item & LearnedLimit) | undefined;
}

/** How many runs may be in flight: the configured number, or the limit learned from the API. */
export async function allowedSlots(deps: RunDeps & { readonly slots: number }): Promise<number> {
  const learned = await readLimit(deps);
  if (learned === undefined) return deps.slots;
  const probing = Date.parse(learned.until) <= deps.clock() ? 1 : 0;
  return Math.min(deps.slots, learned.limit + probing);
}

/**
 * Learns the limit after a start was refused for concurrency: the refused run still holds its slot, so the API allows as
 * many as the others hold. With no other run of ours in flight, other users fill the account, and nothing is learned.
 */
export async function learnLimit(deps: RunDeps): Promise<'learned' | 'not-ours'> {
  const limit = (await slotsHeld(deps.runs)) - 1;
  if (limit < 1) return 'not-ours';
  const until = isoAfter(deps.clock(), believedSeconds);
  await deps.runs.write({ put: { ...limitKey, type: 'limit', limit, until } });
  deps.log.warn('limit.learned', { limit, until });
  return 'learned';
}

/** Raises the learned limit after a start beyond it was accepted. */
export async function raiseLimit(deps: RunDeps & { readonly slots: number }): Promise<void> {
  const learned = await readLimit(deps);
  if (learned === undefined || Date.parse(learned.until) > deps.clock()) return;
  const limit = await slotsHeld(deps.runs);
  if (limit <= learned.limit) return;
  const until = isoAfter(deps.clock(), nextStepSeconds);
  const same = { until: learned.until };
  await deps.runs.write(
    limit >= deps.slots
      ? { delete: limitKey, if: same }
      : { put: { ...limitKey, type: 'limit', limit, until }, if: same },
  );
  deps.log.info('limit.raised', { limit });
}
