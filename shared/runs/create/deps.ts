import type { RunDeps } from '../run/deps.ts';
import type { Limits } from '../run/rule.ts';

export interface FollowUpDeps extends RunDeps {
  /** The rules in force: they limit how often an output may become an input again. */
  readonly rules?: () => Promise<Limits>;
}
