import type { Changes, Run, StateOf } from './run.ts';

/** The state that a run is in already, for a move that only changes some of its fields. */
export function sameState<R extends Run>(run: R, changes: Changes = {}): StateOf<R> {
  const { updatedAt, revision, ...state } = run;
  return { ...state, ...changes } as unknown as StateOf<R>;
}

/** The fields that a run keeps while it holds its slot, from the start until its agent run has ended. */
export const slotFields = (run: HoldsSlot): HoldsSlot => ({
  slot: run.slot,
  startedAt: run.startedAt,
  ...(run.ruleSlot === undefined ? {} : { ruleSlot: run.ruleSlot }),
  ...(run.linkExpiresAt === undefined ? {} : { linkExpiresAt: run.linkExpiresAt }),
});

type HoldsSlot = {
  readonly slot: number;
  readonly ruleSlot?: number;
  readonly startedAt: string;
  readonly linkExpiresAt?: string;
};
