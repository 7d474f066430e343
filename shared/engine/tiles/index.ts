import { colorCorrection } from './color-correction.ts';
import { mirror } from './mirror.ts';
import { reframe } from './reframe.ts';
import { silenceRemoval } from './silence-removal.ts';
import type { Tile } from './tile.ts';
import { videoInput } from './video-input.ts';
import { watermark } from './watermark.ts';

export { readParameters, type Tile } from './tile.ts';

/** A new tile is one file and one line here. */
export const tiles: readonly Tile[] = [videoInput, silenceRemoval, reframe, colorCorrection, mirror, watermark];

export const tileFor = (nodeTypeId: string): Tile | undefined => tiles.find((tile) => tile.nodeTypeId === nodeTypeId);
