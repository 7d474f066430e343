import { InvalidInput } from '../errors.ts';
import type { Item, Json, Key, Page, Table } from '../platform/ports.ts';
import type { Agent, AgentNode, Connection } from './agent.ts';
import { type Cursor, cursorOf, readCursor } from './cursor.ts';

/*
 * | question                        | operation                        | pk           | sk      |
 * | what is this agent?             | get                              | `AGENT#<id>` | `AGENT` |
 * | change it                       | put if version = the one read    | `AGENT#<id>` | `AGENT` |
 * | which agents are there, newest? | query the index, descending      | `AGENTS`     | `<created>#<id>` |
 */

export async function readAgent(table: Table, agentId: string): Promise<Agent | undefined> {
  const item = await table.get(keyOf(agentId));
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
  const { limit, cursor } = options;
  const before = cursor === undefined ? undefined : readCursor(cursor);
  // One more than asked for tells whether there is a next page; another, because the cursor's own item comes again.
  const page: Page = await table.query({ pk: 'AGENTS', index: true, descending: true, to: before, limit: limit + 2 });
  const agents = page.items.filter((item) => item.isk !== before).map(fromItem);
  const last = agents[limit - 1];
  return { agents: agents.slice(0, limit), next: last && agents.length > limit ? cursorOf(placeOf(last)) : undefined };
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
