import { randomUUID } from 'node:crypto';
import { Missing } from '../../errors.ts';
import type { AgentCreate, AgentUpdate } from '../../mosaic/schemas.ts';
import type { Clock, Table } from '../../platform/ports.ts';
import { Refusal } from '../refusal.ts';
import type { Agent } from './agent.ts';
import { readAgent, writeAgent } from './agent-items.ts';
import { type Applied, applyOperations } from './apply-operations.ts';

interface Deps {
  readonly table: Table;
  readonly clock: Clock;
}

export async function createAgent({ table, clock }: Deps, request: AgentCreate): Promise<Agent> {
  const now = new Date(clock()).toISOString();
  const agent: Agent = {
    id: randomUUID(),
    name: request.name ?? 'Untitled agent',
    description: request.description ?? '',
    visibility: request.visibility ?? 'private',
    createdAt: now,
    updatedAt: now,
    version: 1,
    nodes: [],
    connections: [],
  };
  await writeAgent(table, agent);
  return agent;
}

const maxTries = 5;

/** All of the request or nothing. A change made meanwhile by someone else is kept: ours is applied on top of it. */
export async function updateAgent(deps: Deps, agentId: string, request: AgentUpdate): Promise<Applied['created']> {
  for (let attempt = 1; attempt <= maxTries; attempt += 1) {
    const agent = await existingAgent(deps.table, agentId);
    const { graph, created } = applyOperations(agent, request.operations ?? []);
    const changed: Agent = {
      ...agent,
      ...graph,
      name: request.name ?? agent.name,
      description: request.description ?? agent.description,
      visibility: request.visibility ?? agent.visibility,
      updatedAt: new Date(deps.clock()).toISOString(),
      version: agent.version + 1,
    };
    if (await writeAgent(deps.table, changed)) return created;
  }
  throw new Refusal(409, 'conflict', `Agent ${agentId} is being changed by others at this moment. Try again.`);
}

export async function existingAgent(table: Table, agentId: string): Promise<Agent> {
  const agent = await readAgent(table, agentId);
  if (agent === undefined) throw new Missing('Agent not found', { agentId });
  return agent;
}
