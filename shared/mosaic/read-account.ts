import * as z from 'zod';
import { parseWire } from './parse.ts';

export interface Whoami {
  readonly organizationId?: string;
  readonly organizationName?: string;
  readonly userId?: string;
  readonly email?: string;
}

export interface NodeType {
  readonly nodeTypeId: string;
  readonly name?: string;
  readonly docsUrl?: string;
}

export interface AgentRunNode {
  readonly agentNodeId: string;
  /** The agent's own node, of which the one above is this run's copy. */
  readonly nodeId?: string;
  readonly status: string;
  readonly statusMessage?: string;
  readonly errors: readonly string[];
}

export function readWhoami(body: unknown): Whoami {
  const account = parseWire(whoamiSchema, body, 'The account');
  return {
    organizationId: account.organization_id ?? undefined,
    organizationName: account.organization_name ?? undefined,
    userId: account.user_id ?? undefined,
    email: account.email ?? undefined,
  };
}

export const readNodeTypes = (body: unknown): NodeType[] =>
  parseWire(nodeTypesSchema, body, 'The node types').node_types.map(readType);

export const readNodeType = (body: unknown): NodeType =>
  readType(parseWire(nodeTypeSchema, body, 'The node type').node_type);

export const readAgentRunNodes = (body: unknown): AgentRunNode[] =>
  parseWire(runNodesSchema, body, "The agent run's nodes").nodes.map((node) => ({
    agentNodeId: node.agent_node_id,
    nodeId: node.original_node_id ?? undefined,
    status: node.status,
    statusMessage: node.status_message ?? undefined,
    errors: node.errors ?? [],
  }));

const readType = (type: z.infer<typeof typeSchema>): NodeType => ({
  nodeTypeId: type.node_type_id,
  name: type.node_type_name ?? undefined,
  docsUrl: type.docs_url ?? undefined,
});

const text = z.string().nullish();

const whoamiSchema = z.looseObject({ organization_id: text, organization_name: text, user_id: text, email: text });

const typeSchema = z.looseObject({ node_type_id: z.string().min(1), node_type_name: text, docs_url: text });
const nodeTypesSchema = z.looseObject({ node_types: z.array(typeSchema) });
const nodeTypeSchema = z.looseObject({ node_type: typeSchema });

const runNodesSchema = z.looseObject({
  nodes: z.array(
    z.looseObject({
      agent_node_id: z.string().min(1),
      original_node_id: text,
      status: z.string(),
      status_message: text,
      errors: z.array(z.string()).nullish(),
    }),
  ),
});
