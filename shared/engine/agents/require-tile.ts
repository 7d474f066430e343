import { InvalidInput } from '../../errors.ts';
import { type Tile, tileFor } from '../tiles/index.ts';

export function knownTile(nodeTypeId: string): Tile {
  const tile = tileFor(nodeTypeId);
  if (tile === undefined)
    throw new InvalidInput(
      `There is no node type ${nodeTypeId.slice(0, 64)} here; GET /node_types lists those that there are.`,
    );
  return tile;
}
