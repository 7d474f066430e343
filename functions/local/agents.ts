import { createHash } from 'node:crypto';
import { Missing } from '../../shared/errors.ts';
import type { Mosaic } from '../../shared/mosaic/client.ts';
import type { Table } from '../../shared/platform/ports.ts';

interface ReadyAgent {
  readonly name: string;
  readonly description: string;
  readonly tiles: readonly { readonly name: string; readonly parameters?: Record<string, unknown> }[];
}

/** The agents that come with the local world: one folder each. */
export const readyAgents: readonly ReadyAgent[] = [
  {
    name: 'tighten',
    description: 'Cuts the silences.',
    tiles: [{ name: 'Silence Removal' }],
  },
  {
    name: 'vertical',
    description: 'Makes it 9:16 for phones.',
    tiles: [{ name: 'Reframe', parameters: { aspect_ratio: '9:16' } }],
  },
  {
    name: 'polish',
    description: 'Cuts the silences, makes it 9:16, lifts the colour, adds a mark.',
    tiles: [
      { name: 'Silence Removal' },
      { name: 'Reframe', parameters: { aspect_ratio: '9:16' } },
      { name: 'Color Correction', parameters: { contrast: 1.05, saturation: 1.15 } },
      { name: 'Watermark', parameters: { logo_size: 16, logo_opacity: 80 } },
    ],
  },
];

/** Makes through the API what is not there yet, and answers each agent's id by name. */
export async function ensureAgents(mosaic: Mosaic, remembered: Table): Promise<ReadonlyMap<string, string>> {
  const ids = new Map<string, string>();
  for (const agent of readyAgents) ids.set(agent.name, await ensureAgent(mosaic, remembered, agent));
  return ids;
}

/** A changed definition is a new agent: runs of the old one keep the graph they were started with. */
async function ensureAgent(mosaic: Mosaic, remembered: Table, agent: ReadyAgent): Promise<string> {
  const digest = createHash('sha256').update(JSON.stringify(agent)).digest('hex').slice(0, 16);
  const key = { pk: `AGENT#${agent.name}`, sk: digest };
  const known = await remembered.get(key);
  if (typeof known?.agentId === 'string') return known.agentId;
  const agentId = await createAgent(mosaic, agent);
  await remembered.write({ put: { ...key, type: 'ready-agent', agentId } });
  return agentId;
}

async function createAgent(mosaic: Mosaic, agent: ReadyAgent): Promise<string> {
  const nodeTypeIds = new Map((await mosaic.listNodeTypes()).map((type) => [type.name, type.nodeTypeId]));
  const chain = [{ name: 'Video Input', parameters: undefined }, ...agent.tiles];
  const { agentId } = await mosaic.createAgent({
    name: agent.name,
    description: agent.description,
    visibility: 'private',
  });
  await mosaic.updateAgent(agentId, {
    operations: [
      ...chain.map(({ name, parameters }, place) => ({
        op: 'create_node' as const,
        nodeTypeId: nodeTypeId(nodeTypeIds, name),
        tempRefId: `tile-${place}`,
        params: parameters,
      })),
      ...chain.slice(1).map((_, place) => ({
        op: 'create_connection' as const,
        source: { tempRefId: `tile-${place}` },
        target: { tempRefId: `tile-${place + 1}` },
      })),
    ],
  });
  return agentId;
}

function nodeTypeId(ids: ReadonlyMap<string | undefined, string>, name: string): string {
  const id = ids.get(name);
  if (id === undefined) throw new Missing(`The engine has no tile named ${name}.`);
  return id;
}
