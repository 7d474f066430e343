import type { AgentSummary } from '../../shared/mosaic/client.ts';
import type { Mosaic } from '../../shared/mosaic/mosaic.ts';

/** Each agent of the engine by a name that can be a folder's. The oldest of a name has it: the ready ones are first. */
export async function agentsByName(mosaic: Mosaic): Promise<ReadonlyMap<string, AgentSummary>> {
  const agents: AgentSummary[] = [];
  let cursor: string | undefined;
  do {
    const page = await mosaic.listAgents({ limit: 100, cursor });
    agents.unshift(...page.agents.toReversed());
    cursor = page.next;
  } while (cursor !== undefined);
  const named = new Map<string, AgentSummary>();
  for (const agent of agents) if (isFolderName(agent.name) && !named.has(agent.name)) named.set(agent.name, agent);
  return named;
}

const isFolderName = (name: string): boolean =>
  /^[\p{L}\p{N}][\p{L}\p{N} _-]{0,63}$/u.test(name) && name === name.trim();
