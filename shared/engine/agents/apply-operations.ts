import { randomUUID } from 'node:crypto';
import { InvalidInput, messageOf } from '../../errors.ts';
import type { Operation } from '../../mosaic/schemas.ts';
import { readParameters } from '../tiles/index.ts';
import type { AgentNode, Connection, Graph } from './agent.ts';
import { knownTile } from './require-tile.ts';

export interface Applied {
  readonly graph: Graph;
  readonly created: readonly { readonly tempRefId?: string; readonly nodeId: string }[];
}

interface Draft {
  readonly nodes: Map<string, AgentNode>;
  connections: Connection[];
  /** What earlier operations of the same request called the nodes that they made. */
  readonly tempRefs: Map<string, string>;
  readonly created: { tempRefId?: string; nodeId: string }[];
}

const maxNodes = 100;

/** The graph after all operations, in order; throws InvalidInput that names the first that cannot be done. */
export function applyOperations(graph: Graph, operations: readonly Operation[], newId = randomUUID): Applied {
  const draft: Draft = {
    nodes: new Map(graph.nodes.map((node) => [node.id, node])),
    connections: [...graph.connections],
    tempRefs: new Map(),
    created: [],
  };
  for (const [place, operation] of operations.entries()) {
    try {
      apply(draft, operation, newId);
    } catch (error) {
      throw new InvalidInput(`operations[${place}] (${operation.op}): ${messageOf(error)}`, {}, { cause: error });
    }
  }
  return { graph: { nodes: [...draft.nodes.values()], connections: draft.connections }, created: draft.created };
}

type NewNode = Extract<Operation, { op: 'create_node' }>;
type Ends = Extract<Operation, { op: 'create_connection' | 'delete_connection' }>;

function apply(draft: Draft, operation: Operation, newId: () => string): void {
  const { op } = operation;
  if (op === 'create_node') createNode(draft, operation, newId);
  else if (op === 'update_node') updateNode(draft, operation.agent_node_id, operation.params_used);
  else if (op === 'delete_node') deleteNode(draft, operation.agent_node_id);
  else if (op === 'create_connection') connect(draft, connectionOf(draft, operation));
  else disconnect(draft, connectionOf(draft, operation));
}

function createNode(draft: Draft, operation: NewNode, newId: () => string): void {
  const tempRefId = operation.temp_ref_id ?? undefined;
  if (tempRefId !== undefined && draft.tempRefs.has(tempRefId))
    throw new InvalidInput(`temp_ref_id "${tempRefId}" names another node of this request already.`);
  if (draft.nodes.size >= maxNodes) throw new InvalidInput(`An agent has at most ${maxNodes} nodes.`);
  const tile = knownTile(operation.node_type_id);
  const parameters = operation.params_used ?? {};
  readParameters(tile, parameters);
  const nodeId = newId();
  draft.nodes.set(nodeId, { id: nodeId, nodeTypeId: tile.nodeTypeId, parameters });
  if (tempRefId !== undefined) draft.tempRefs.set(tempRefId, nodeId);
  draft.created.push({ tempRefId, nodeId });
}

function updateNode(draft: Draft, nodeId: string, changes: Record<string, unknown>): void {
  const node = existing(draft, nodeId);
  const parameters = { ...node.parameters, ...changes };
  readParameters(knownTile(node.nodeTypeId), parameters);
  draft.nodes.set(nodeId, { ...node, parameters });
}

function deleteNode(draft: Draft, nodeId: string): void {
  existing(draft, nodeId);
  draft.nodes.delete(nodeId);
  draft.connections = draft.connections.filter(({ source, target }) => source !== nodeId && target !== nodeId);
}

function connect(draft: Draft, { source, target }: Connection): void {
  existing(draft, source);
  const tile = knownTile(existing(draft, target).nodeTypeId);
  if (tile.kind === 'input')
    throw new InvalidInput(`Nothing can be connected into ${tile.name}: it is where videos come in.`);
  const inbound = draft.connections.find((connection) => connection.target === target);
  if (inbound?.source === source) throw new InvalidInput('These two nodes are connected already.');
  if (inbound)
    throw new InvalidInput(
      `Node ${target} has an inbound connection already (from ${inbound.source}), and joining several is not supported: delete that connection first.`,
    );
  if (comesBefore(draft.connections, target, source))
    throw new InvalidInput('This connection would close a circle; a video goes through an agent one way.');
  draft.connections.push({ source, target });
}

/** Is `earlier` the node itself, or upstream of it? Each node has one inbound connection at most, so this is a walk. */
function comesBefore(connections: readonly Connection[], earlier: string, node: string): boolean {
  const sources = new Map(connections.map(({ source, target }) => [target, source]));
  for (let at: string | undefined = node; at !== undefined; at = sources.get(at)) if (at === earlier) return true;
  return false;
}

function disconnect(draft: Draft, { source, target }: Connection): void {
  const kept = draft.connections.filter((connection) => connection.source !== source || connection.target !== target);
  if (kept.length === draft.connections.length)
    throw new InvalidInput(`There is no connection from ${source} to ${target}.`);
  draft.connections = kept;
}

const connectionOf = (draft: Draft, ends: Ends): Connection => ({
  source: endOf(draft, ends.source_agent_node_id, ends.source_temp_ref_id),
  target: endOf(draft, ends.target_agent_node_id, ends.target_temp_ref_id),
});

function endOf(draft: Draft, nodeId: string | undefined, tempRefId: string | undefined): string {
  if (nodeId !== undefined) return nodeId;
  const named = draft.tempRefs.get(tempRefId ?? '');
  if (named === undefined)
    throw new InvalidInput(`No earlier operation of this request made a node with temp_ref_id "${tempRefId}".`);
  return named;
}

function existing(draft: Draft, nodeId: string): AgentNode {
  const node = draft.nodes.get(nodeId);
  if (node === undefined) throw new InvalidInput(`The agent has no node ${nodeId}.`);
  return node;
}
