import * as z from 'zod';
import type { Operation } from './agent-schemas.ts';
import { parseWire } from './parse.ts';

export interface AgentSummary {
  readonly agentId: string;
  readonly name: string;
  readonly description: string;
}

export interface AgentNode {
  readonly agentNodeId: string;
  readonly nodeTypeId: string;
  readonly nodeTypeName?: string;
  readonly params: Readonly<Record<string, unknown>>;
}

export interface Agent extends AgentSummary {
  readonly nodes: readonly AgentNode[];
  readonly connections: readonly { readonly sourceNodeId: string; readonly targetNodeId: string }[];
}

export interface AgentChange {
  readonly agentId: string;
  readonly operationsApplied: number;
  readonly createdNodes: readonly { readonly tempRefId?: string; readonly agentNodeId: string }[];
}

/** One end of a connection: a node of the agent, or one created earlier in the same change. */
export type End = { readonly agentNodeId: string } | { readonly tempRefId: string };
type Params = Readonly<Record<string, unknown>>;

export type AgentOperation =
  | { readonly op: 'create_node'; readonly nodeTypeId: string; readonly tempRefId?: string; readonly params?: Params }
  | { readonly op: 'update_node'; readonly agentNodeId: string; readonly params: Params }
  | { readonly op: 'delete_node'; readonly agentNodeId: string }
  | { readonly op: 'create_connection' | 'delete_connection'; readonly source: End; readonly target: End };

export function toWireOperation(operation: AgentOperation): Operation {
  switch (operation.op) {
    case 'create_node':
      return {
        op: 'create_node',
        node_type_id: operation.nodeTypeId,
        temp_ref_id: operation.tempRefId,
        params_used: operation.params,
      };
    case 'update_node':
      return { op: 'update_node', agent_node_id: operation.agentNodeId, params_used: operation.params };
    case 'delete_node':
      return { op: 'delete_node', agent_node_id: operation.agentNodeId };
    default:
      return {
        op: operation.op,
        ...('agentNodeId' in operation.source
          ? { source_agent_node_id: operation.source.agentNodeId }
          : { source_temp_ref_id: operation.source.tempRefId }),
        ...('agentNodeId' in operation.target
          ? { target_agent_node_id: operation.target.agentNodeId }
          : { target_temp_ref_id: operation.target.tempRefId }),
      };
  }
}

export function readAgentChange(body: unknown): AgentChange {
  const change = parseWire(changeSchema, body, 'The changed agent');
  return {
    agentId: change.agent_id,
    operationsApplied: change.operations_applied ?? 0,
    createdNodes: (change.created_nodes ?? []).map((node) => ({
      tempRefId: node.temp_ref_id ?? undefined,
      agentNodeId: node.agent_node_id,
    })),
  };
}

export function readAgentList(body: unknown): { agents: AgentSummary[]; next?: string } {
  const page = parseWire(listSchema, body, 'The agent list');
  return { agents: page.agents.map(readSummary), next: page.next_cursor ?? undefined };
}

export function readAgent(body: unknown): Agent {
  const detail = parseWire(detailSchema, body, 'The agent');
  return {
    ...readSummary(detail.agent),
    nodes: detail.agent_nodes.map((node) => ({
      agentNodeId: node.agent_node_id,
      nodeTypeId: node.node_type.node_type_id,
      nodeTypeName: node.node_type.node_type_name ?? undefined,
      params: node.params_used ?? {},
    })),
    connections: detail.connections.map((connection) => ({
      sourceNodeId: connection.source_agent_node_id,
      targetNodeId: connection.target_agent_node_id,
    })),
  };
}

const readSummary = (agent: z.infer<typeof summarySchema>): AgentSummary => ({
  agentId: agent.id,
  name: agent.name ?? '',
  description: agent.description ?? '',
});

const id = z.string().min(1);

const changeSchema = z.looseObject({
  agent_id: id,
  operations_applied: z.number().nullish(),
  created_nodes: z.array(z.looseObject({ temp_ref_id: z.string().nullish(), agent_node_id: id })).nullish(),
});

const summarySchema = z.looseObject({ id, name: z.string().nullish(), description: z.string().nullish() });

const listSchema = z.looseObject({ agents: z.array(summarySchema), next_cursor: z.string().nullish() });

const detailSchema = z.looseObject({
  agent: summarySchema,
  agent_nodes: z.array(
    z.looseObject({
      agent_node_id: id,
      node_type: z.looseObject({ node_type_id: id, node_type_name: z.string().nullish() }),
      params_used: z.record(z.string(), z.unknown()).nullish(),
    }),
  ),
  connections: z.array(z.looseObject({ source_agent_node_id: id, target_agent_node_id: id })),
});
