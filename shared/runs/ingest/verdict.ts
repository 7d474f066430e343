import { InvalidInput } from '../../errors.ts';
import type { Write } from '../../platform/ports.ts';
import type { Claimed, Gathering, NextState, Restoring } from '../run/run.ts';

/** A run that is not admitted yet. */
export type Unadmitted = Claimed | Gathering | Restoring;

/** What comes next for a run, in one write. `afterwards`: when it was made by us; it may be lost. */
export interface Verdict {
  readonly next: NextState;
  readonly alongside?: readonly Write[];
  readonly afterwards?: () => Promise<void> | void;
}

export const ignored = (reason: string): Verdict => ({ next: { status: 'ignored', reason } });

export const rejected = (reason: string): Verdict => ({ next: { status: 'rejected', reason } });

/** Cancels the run if someone asked for that, and rejects it for an InvalidInput: judging again would find the same. */
export async function guardVerdict(
  run: Unadmitted,
  judge: () => Promise<Verdict | 'stays'>,
): Promise<Verdict | 'stays'> {
  if (run.cancelAsked !== undefined) return { next: { status: 'cancelled', reason: run.cancelAsked.reason } };
  try {
    return await judge();
  } catch (error) {
    if (error instanceof InvalidInput) return rejected(error.message);
    throw error;
  }
}
