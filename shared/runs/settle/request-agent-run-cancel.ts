import type { AgentRunReport } from '../../mosaic/client.ts';
import { MosaicError } from '../../mosaic/errors.ts';
import type { Mosaic } from '../../mosaic/mosaic.ts';

/** Cancels, then asks what came of it: an agent run may have ended in between, and only what the API says is believed. */
export async function cancelAndAsk(
  { mosaic }: { readonly mosaic: Mosaic },
  { agentRunId }: { readonly agentRunId: string },
): Promise<AgentRunReport> {
  try {
    await mosaic.cancelAgentRun(agentRunId);
  } catch (error) {
    // One that has just ended can no longer be cancelled; the question says so.
    if (!(error instanceof MosaicError) || (error.kind !== 'conflict' && error.kind !== 'bad-request')) throw error;
  }
  return mosaic.getAgentRun(agentRunId);
}
