import type { AgentSummary } from '../../shared/mosaic/client.ts';
import type { Json } from '../../shared/platform/ports.ts';

/** The document that holds on this machine until rules are applied: a folder for each agent. */
export const folderRules = (agents: ReadonlyMap<string, AgentSummary>): Json => ({
  rules: [...agents].map(([name, { agentId }]) => ({ id: name, prefix: `${name}/`, agentId })),
});
