import type { Table } from '../../platform/ports.ts';
import { colorCorrection } from '../tiles/color-correction.ts';
import { reframe } from '../tiles/reframe.ts';
import { silenceRemoval } from '../tiles/silence-removal.ts';
import type { Tile } from '../tiles/tile.ts';
import { videoInput } from '../tiles/video-input.ts';
import { watermark } from '../tiles/watermark.ts';
import type { Agent, Parameters } from './agent.ts';
import { writeAgent } from './agent-items.ts';

type Step = readonly [tile: Pick<Tile, 'nodeTypeId'>, parameters?: Parameters];

const vertical: Step = [reframe, { aspect_ratio: '9:16' }];

/** Agents that a new engine has, so that the first upload can be edited. Their ids never change: rules name them. */
export const readyAgents: readonly Agent[] = [
  readyAgent(0, 'e836ec12-eb0d-412a-a214-f7ae3f644f00', 'tighten', 'Cuts the silences.', [[silenceRemoval]]),
  readyAgent(1, '5e905625-ce1c-4cf6-a931-5b0b92240700', 'vertical', 'Makes it 9:16, for phones.', [vertical]),
  readyAgent(2, 'b5446de4-9d4f-438e-82cd-3571d17f4500', 'polish', 'Cuts the silences, 9:16, better colour, a mark.', [
    [silenceRemoval],
    vertical,
    [colorCorrection, { contrast: 1.05, saturation: 1.15 }],
    [watermark, { logo_size: 26, logo_opacity: 85 }],
  ]),
];

/** Adds the ready agents that are missing. One that was changed through the API keeps its changes. */
export async function seedReadyAgents(table: Table): Promise<void> {
  await Promise.all(readyAgents.map((agent) => writeAgent(table, agent)));
}

function readyAgent(place: number, id: string, name: string, description: string, steps: readonly Step[]): Agent {
  const chain: readonly Step[] = [[videoInput], ...steps];
  const nodes = chain.map(([{ nodeTypeId }, parameters = {}], index) => ({
    id: `${id.slice(0, -2)}${String(index + 1).padStart(2, '0')}`,
    nodeTypeId,
    parameters,
  }));
  const connections = nodes.slice(1).map(({ id: target }, index) => ({ source: nodes[index]?.id ?? '', target }));
  // In the order of the list, so that they are listed in it.
  const createdAt = new Date(Date.UTC(2026, 10, 22) + place * 1000).toISOString();
  return {
    id,
    name,
    description,
    visibility: 'public',
    createdAt,
    updatedAt: createdAt,
    version: 1,
    nodes,
    connections,
  };
}
