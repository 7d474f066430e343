import { InvalidInput } from '../../../shared/errors.ts';
import { redeliverRun } from '../../../shared/runs/operate/redeliver-run.ts';
import type { Outcome } from '../print/outcome.ts';
import type { World } from '../world/world.ts';

/** `redrive RUN`: what its agent run made and could not be delivered is delivered again, and nothing is paid. */
export async function redeliver(world: World, runId: string, dryRun: boolean): Promise<Outcome> {
  if (dryRun)
    throw new InvalidInput('--dry-run is for dead letters. What a run would deliver again: tessera show RUN.');
  const { id, status, attempt } = await redeliverRun(world, runId);
  return {
    lines: [`It is delivered again as run ${id}, and nothing is paid. How it goes: tessera watch ${id}`],
    json: { runId: id, status, attempt, previousRunId: runId },
    note: world.idleBecause(),
  };
}
