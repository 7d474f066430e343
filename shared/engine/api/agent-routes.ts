import type { Context, Hono } from 'hono';
import { parseWire } from '../../mosaic/parse.ts';
import {
  type AgentChanged,
  type AgentDetail,
  type AgentList,
  agentCreateSchema,
  agentUpdateSchema,
} from '../../mosaic/schemas.ts';
import type { Agent } from '../agents/agent.ts';
import { listAgents } from '../agents/agent-items.ts';
import type { Applied } from '../agents/apply-operations.ts';
import { createAgent, existingAgent, updateAgent } from '../agents/change-agent.ts';
import { nodeTypeInfo } from '../agents/node-types.ts';
import type { EngineApiDeps, EngineEnv } from './deps.ts';
import { bodyOf, limitOf } from './replies.ts';

export function agentRoutes(app: Hono<EngineEnv>, deps: EngineApiDeps): void {
  app.post('/agent/create', async (context) => {
    const request = parseWire(agentCreateSchema, await bodyOf(context), 'The request');
    const agent = await createAgent(deps, request);
    return context.json(changed(agent.id, 0, []));
  });
  app.on(['POST', 'PATCH'], '/agent/:id/update', async (context: Context) => {
    const agentId = context.req.param('id') ?? '';
    const request = parseWire(agentUpdateSchema, await bodyOf(context), 'The request');
    const created = await updateAgent(deps, agentId, request);
    return context.json(changed(agentId, request.operations?.length ?? 0, created));
  });
  app.get('/agents', async (context) => {
    const { agents, next } = await listAgents(deps.table, {
      limit: limitOf(context),
      cursor: context.req.query('cursor'),
    });
    return context.json({ agents: agents.map(summary), next_cursor: next ?? null } satisfies AgentList);
  });
  app.get('/agent/:id', async (context) =>
    context.json(detail(await existingAgent(deps.table, context.req.param('id')))),
  );
}

const changed = (agentId: string, applied: number, created: Applied['created']): AgentChanged => ({
  success: true,
  agent_id: agentId,
  operations_applied: applied,
  created_nodes: created.map(({ tempRefId, nodeId }) => ({ temp_ref_id: tempRefId ?? null, agent_node_id: nodeId })),
});

const summary = ({ id, name, description, createdAt, updatedAt }: Agent) => ({
  id,
  name,
  description,
  created_at: createdAt,
  updated_at: updatedAt,
});

const detail = (agent: Agent): AgentDetail => ({
  agent: { ...summary(agent), visibility: agent.visibility },
  agent_nodes: agent.nodes.map(({ id, nodeTypeId, parameters }) => ({
    agent_node_id: id,
    node_type: nodeTypeInfo(nodeTypeId),
    params_used: { ...parameters },
  })),
  connections: agent.connections.map(({ source, target }) => ({
    source_agent_node_id: source,
    target_agent_node_id: target,
  })),
});
