import { InvalidInput } from '../../shared/errors.ts';
import type { Outcome } from './outcome.ts';
import type { World } from './world.ts';

/** `redrive RUN`: what its agent run made is delivered again, and nothing is paid. */
export async function redeliver(_world: World, runId: string, _dryRun: boolean): Promise<Outcome> {
  throw new InvalidInput(`Run ${runId} cannot be delivered again yet.`);
}
