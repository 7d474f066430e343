import { messageOf } from '../../../shared/errors.ts';
import { explained } from '../world/aws-errors.ts';

/**
 * What was looked at. `good`: as it should be; `note`: worth knowing, nothing to do, or something that cannot be looked
 * at from here; `bad`: something does not work before it is mended.
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

/** One thing to look at; it may find several. */
export interface Check {
  readonly name: string;
  readonly look: () => Promise<Finding | readonly Finding[]>;
  /** Where the reason alone does not say it. */
  readonly cure?: string;
}

/** Looks at all at once, in their order; one that fails has found something bad. */
export async function lookedAt(checks: readonly Check[]): Promise<readonly Finding[]> {
  return (await Promise.all(checks.map(found))).flat();
}

async function found({ name, look, cure }: Check): Promise<readonly Finding[]> {
  try {
    return [await look()].flat();
  } catch (error) {
    return [bad(name, messageOf(explained(error)), cure)];
  }
}
