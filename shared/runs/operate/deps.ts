import type { RunDeps } from '../run/deps.ts';

export interface FindDeps extends Pick<RunDeps, 'runs'> {
  /** Where a key may lie; by default those of the local world. */
  readonly buckets?: readonly string[];
}
