import type { Changes, NextState, Run } from './run.ts';

/** The state that a run is in, with something noted on it. */
export function asItIs(run: Run, changes: Changes = {}): NextState {
  const { updatedAt, revision, ...state } = run;
  return { ...state, ...changes } as NextState;
}

/** What a run keeps while it holds its slot, from the start until its agent run has ended. */
export const slotOf = (run: Holding): Holding => ({
  slot: run.slot,
  startedAt: run.startedAt,
  ...(run.ruleSlot === undefined ? {} : { ruleSlot: run.ruleSlot }),
  ...(run.linkExpiresAt === undefined ? {} : { linkExpiresAt: run.linkExpiresAt }),
});

type Holding = {
  readonly slot: number;
  readonly ruleSlot?: number;
  readonly startedAt: string;
  readonly linkExpiresAt?: string;
};
