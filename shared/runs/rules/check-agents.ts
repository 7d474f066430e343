import type { Agent } from '../../mosaic/client.ts';
import { MosaicError } from '../../mosaic/errors.ts';
import type { Mosaic } from '../../mosaic/mosaic.ts';
import { nearest } from './closest-name.ts';
import type { RuleDocument, WrittenRule } from './document.ts';
import type { RuleFault } from './fault.ts';

/** Finds agents that the API does not know, and nodes that an agent does not have. */
export async function agentFaults(
  { rules }: RuleDocument,
  mosaic?: Pick<Mosaic, 'getAgent'>,
): Promise<readonly RuleFault[]> {
  if (mosaic === undefined) return [];
  const agents = new Map<string, Agent | 'unknown'>();
  for (const agentId of new Set(rules.flatMap(agentIdsOf))) agents.set(agentId, await agentOf(mosaic, agentId));
  return rules.flatMap((rule, index) =>
    faultsOf(rule, agents).map((fault) => ({ ...fault, path: ['rules', index, ...fault.path] })),
  );
}

const agentIdsOf = ({ agentId, agentIds }: WrittenRule): readonly string[] =>
  agentIds ?? (agentId === undefined ? [] : [agentId]);

async function agentOf(mosaic: Pick<Mosaic, 'getAgent'>, agentId: string): Promise<Agent | 'unknown'> {
  try {
    return await mosaic.getAgent(agentId);
  } catch (error) {
    if (error instanceof MosaicError && ['not-found', 'bad-request', 'unprocessable'].includes(error.kind))
      return 'unknown';
    throw error;
  }
}

function faultsOf(rule: WrittenRule, agents: ReadonlyMap<string, Agent | 'unknown'>): RuleFault[] {
  return agentIdsOf(rule).flatMap((agentId, index) => {
    const agent = agents.get(agentId);
    const path = rule.agentIds === undefined ? ['agentId'] : ['agentIds', index];
    if (agent === 'unknown') return [{ path, message: `names the agent "${agentId}", which the API does not know` }];
    return agent === undefined ? [] : nodeFaults(rule, agent);
  });
}

/** Every field that names a node of the agent. */
function nodeFaults({ updateParams = {}, start }: WrittenRule, agent: Agent): RuleFault[] {
  const members = typeof start === 'object' ? (start.members ?? []) : [];
  const named = [
    ...Object.keys(updateParams).map((nodeId) => ({ path: ['updateParams', nodeId], nodeId })),
    ...members.flatMap(({ nodeId }, index) =>
      nodeId === undefined ? [] : [{ path: ['start', 'members', index, 'nodeId'], nodeId }],
    ),
  ];
  return named
    .filter(({ nodeId }) => !agent.nodes.some(({ agentNodeId }) => agentNodeId === nodeId))
    .map(({ path, nodeId }) => ({
      path,
      message: `names a node that agent "${agent.agentId}" does not have${has(agent, nodeId)}`,
    }));
}

function has({ nodes }: Agent, nodeId: string): string {
  const near = nearest(
    nodeId,
    nodes.map(({ agentNodeId }) => agentNodeId),
  );
  if (near !== undefined) return `; did you mean "${near}"?`;
  const list = nodes
    .slice(0, 20)
    .map(({ agentNodeId, nodeTypeName }) => `${agentNodeId} (${nodeTypeName ?? 'no name'})`);
  return list.length === 0 ? '; it has none' : `; it has ${list.join(', ')}`;
}
