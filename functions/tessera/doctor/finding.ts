import { messageOf } from '../../../shared/errors.ts';
import { explained } from '../world/aws-errors.ts';

/**
 * The result of a check. `good`: nothing to do; `note`: worth knowing, or it cannot be checked from here; `bad`: something
 * does not work until it is fixed.
 */
export interface Finding {
  readonly name: string;
  readonly state: 'good' | 'note' | 'bad';
  readonly says: string;
  /** What to do about it. */
  readonly cure?: string;
}

export const good = (name: string, says: string): Finding => ({ name, state: 'good', says });
export const note = (name: string, says: string, cure?: string): Finding => ({ name, state: 'note', says, cure });
export const bad = (name: string, says: string, cure?: string): Finding => ({ name, state: 'bad', says, cure });

/** One check; it may have several findings. */
export interface Check {
  readonly name: string;
  readonly look: () => Promise<Finding | readonly Finding[]>;
  /** What to do when the check throws, where its error does not say so. */
  readonly cure?: string;
}

/** Runs all checks at once and keeps their order. A check that throws is a bad finding. */
export async function runChecks(checks: readonly Check[]): Promise<readonly Finding[]> {
  return (await Promise.all(checks.map(found))).flat();
}

async function found({ name, look, cure }: Check): Promise<readonly Finding[]> {
  try {
    return [await look()].flat();
  } catch (error) {
    return [bad(name, messageOf(explained(error)), cure)];
  }
}
