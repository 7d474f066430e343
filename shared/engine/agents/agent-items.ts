import { InvalidInput } from '../../errors.ts';
import type { Item, Json, Key, Table } from '../../platform/ports.ts';
import type { Cursor } from '../cursor.ts';
import { isId } from '../ids.ts';
import { listPage } from '../list-page.ts';
import type { Agent, AgentNode, Connection } from './agent.ts';

/*
 * | question                        | operation                        | pk           | sk      |
 * | what is this agent?             | get                              | `AGENT#<id>` | `AGENT` |
 * | change it                       | put if version = the one read    | `AGENT#<id>` | `AGENT` |
 * | which agents are there, newest? | query the index, descending      | `AGENTS`     | `<created>#<id>` |
 */

export async function readAgent(table: Table, agentId: string): Promise<Agent | undefined> {
  const item = isId(agentId) ? await table.get(keyOf(agentId)) : undefined;
  return item && fromItem(item);
}

/** False when another change came first: then read again. */
export async function writeAgent(table: Table, agent: Agent): Promise<boolean> {
  const written = await table.write({
    put: toItem(agent),
    if: agent.version === 1 ? 'absent' : { version: agent.version - 1 },
  });
  return written.done;
}

export async function listAgents(
  table: Table,
  options: { limit: number; cursor?: Cursor },
): Promise<{ agents: readonly Agent[]; next?: Cursor }> {
  const listed = { read: async (item: Item) => fromItem(item), placeOf };
  const { entries, next } = await listPage(table, { ...options, pk: 'AGENTS' }, listed);
  return { agents: entries, next };
}

const keyOf = (agentId: string): Key => ({ pk: `AGENT#${agentId}`, sk: 'AGENT' });
const placeOf = (agent: Agent): string => `${agent.createdAt}#${agent.id}`;

const maxBytes = 350_000;

function toItem(agent: Agent): Item {
  const { id, name, description, visibility, createdAt, updatedAt, version } = agent;
  const graph = { nodes: agent.nodes as unknown as Json, connections: agent.connections as unknown as Json };
  if (Buffer.byteLength(JSON.stringify(graph)) > maxBytes)
    throw new InvalidInput(`The agent is too large: its nodes and parameters may take ${maxBytes} bytes as JSON.`);
  const listed = { ipk: 'AGENTS', isk: placeOf(agent) };
  return {
    ...keyOf(id),
    ...listed,
    type: 'agent',
    id,
    name,
    description,
    visibility,
    createdAt,
    updatedAt,
    version,
    ...graph,
  };
}

const fromItem = (item: Item): Agent => ({
  id: String(item.id),
  name: String(item.name),
  description: String(item.description),
  visibility: item.visibility === 'public' ? 'public' : 'private',
  createdAt: String(item.createdAt),
  updatedAt: String(item.updatedAt),
  version: Number(item.version),
  nodes: item.nodes as unknown as readonly AgentNode[],
  connections: item.connections as unknown as readonly Connection[],
});
