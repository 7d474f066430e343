import * as z from 'zod';
import type { NodeTypeInfo } from '../../mosaic/schemas.ts';
import { type Tile, tileFor, tiles } from '../tiles/index.ts';

const docs = 'https://docs.mosaic.so';

/** What the API says of a node type, also of one that this engine had once and has no more. */
export function nodeTypeInfo(nodeTypeId: string): NodeTypeInfo {
  const tile = tileFor(nodeTypeId);
  const url = tile && `${docs}/${tile.docsPath}`;
  return {
    node_type_id: nodeTypeId,
    node_type_name: tile?.name ?? null,
    docs_url: url ?? null,
    params_docs_url: url === undefined ? null : `${url}#api-info`,
  };
}

export const nodeTypeReports = (): NodeTypeInfo[] => tiles.map(withParameters);

export function nodeTypeReport(nodeTypeId: string): NodeTypeInfo | undefined {
  const tile = tileFor(nodeTypeId);
  return tile && withParameters(tile);
}

/** `params_schema` (JSON Schema) is our addition: an agent is easier to write with it. */
const withParameters = (tile: Tile): NodeTypeInfo => ({
  ...nodeTypeInfo(tile.nodeTypeId),
  params_schema: z.toJSONSchema(tile.parameters, { io: 'input', unrepresentable: 'any' }),
});
