import { MosaicError } from '../../mosaic/errors.ts';
import type { Mosaic } from '../../mosaic/mosaic.ts';
import type { RunDeps } from '../run/deps.ts';
import type { Run } from '../run/run.ts';
import { eventsOf } from '../run/run-events.ts';
import { agentRunKey } from '../run/run-items.ts';

/** The agent run that reported to this run's own address, once the API confirms that it is one of its agent. */
export async function agentRunFromEvents(
  deps: RunDeps & { readonly mosaic: Mosaic },
  run: Run,
): Promise<string | undefined> {
  const events = await eventsOf(deps.runs, run.id);
  for (const agentRunId of new Set(events.flatMap((event) => event.agentRunId ?? []))) {
    // One that has its place belongs to another run, or to an earlier attempt of this one.
    if ((await deps.runs.get(agentRunKey(agentRunId))) !== undefined) continue;
    if ((await agentOf(deps.mosaic, agentRunId)) === run.rule.agentId) return agentRunId;
    deps.log.warn('event.not-confirmed', { runId: run.id, agentRunId });
  }
  return undefined;
}

async function agentOf(mosaic: Mosaic, agentRunId: string): Promise<string | undefined> {
  try {
    return (await mosaic.getAgentRun(agentRunId)).agentId;
  } catch (error) {
    if (saysNo(error)) return undefined;
    throw error;
  }
}

/** The API understood and shows our key nothing of it, so our key did not begin it. */
export const saysNo = (error: unknown): error is MosaicError =>
  error instanceof MosaicError && (error.kind === 'not-found' || error.kind === 'forbidden');
