import { encodePng } from './png.ts';

/**
 * Our default mark, drawn at the size at which it is shown: the name laid in mosaic tiles, five rows high. The first
 * letter is warm, the rest white, each tile a shade of its own, on a soft dark edge that keeps it readable on white.
 */
export function drawMark(width: number, opacity: number): Uint8Array {
  const height = markHeight(width);
  const tile = width / (columns + 2 * border);
  const pixels = new Uint8Array(width * height * 4);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) pixels.set(pixelAt(x, y, tile, opacity), (y * width + x) * 4);
  return encodePng(width, height, pixels);
}

export const markHeight = (width: number): number =>
  Math.max(1, Math.round((width / (columns + 2 * border)) * (rows + 2 * border)));

/** Drawing takes time in which nothing else happens, so a larger mark is drawn at this width and stretched. */
export const widestDrawn = 800;

const letters = [
  ['#####', '..#..', '..#..', '..#..', '..#..'],
  ['####', '#...', '###.', '#...', '####'],
  ['####', '#...', '####', '...#', '####'],
  ['####', '#...', '####', '...#', '####'],
  ['####', '#...', '###.', '#...', '####'],
  ['####', '#..#', '####', '#.#.', '#..#'],
  ['.##.', '#..#', '####', '#..#', '#..#'],
];

const rows = 5;
const border = 1;
const pattern = Array.from({ length: rows }, (_, row) => letters.map((letter) => letter[row]).join('.'));
const columns = pattern[0]?.length ?? 0;
const accentColumns = letters[0]?.[0]?.length ?? 0;

/** Sixteen samples a pixel make smooth edges at any size; the soft edge around them needs only one. */
function pixelAt(x: number, y: number, tile: number, opacity: number): [number, number, number, number] {
  const sum = { red: 0, green: 0, blue: 0, alpha: 0 };
  const add = ([red, green, blue]: Color, alpha: number) => {
    sum.red += red * alpha;
    sum.green += green * alpha;
    sum.blue += blue * alpha;
    sum.alpha += alpha;
  };
  for (let sample = 0; sample < 16; sample++) {
    const column = (x + ((sample % 4) + 0.5) / 4) / tile - border;
    const row = (y + (Math.floor(sample / 4) + 0.5) / 4) / tile - border;
    const color = tileColorAt(column, row);
    if (color !== undefined) add(color, 1 / 16);
  }
  const distance = distanceToTile((x + 0.5) / tile - border, (y + 0.5) / tile - border);
  add([16, 18, 24], 0.55 * Math.max(0, 1 - distance / border) * (1 - sum.alpha));
  if (sum.alpha === 0) return [0, 0, 0, 0];
  const channel = (value: number) => Math.round(value / sum.alpha);
  return [channel(sum.red), channel(sum.green), channel(sum.blue), Math.round(sum.alpha * opacity * 255)];
}

type Color = readonly [red: number, green: number, blue: number];

function tileColorAt(column: number, row: number): Color | undefined {
  const [atColumn, atRow] = [Math.floor(column), Math.floor(row)];
  if (!isTile(atColumn, atRow) || !isInside(column - atColumn, row - atRow)) return undefined;
  const [red, green, blue] = atColumn < accentColumns ? ([255, 138, 76] as const) : ([250, 250, 248] as const);
  const shade = 1 - 0.14 * grain(atColumn, atRow);
  return [red * shade, green * shade, blue * shade];
}

const isTile = (column: number, row: number): boolean => pattern[row]?.[column] === '#';

/** A tile leaves a thin joint around it and has rounded corners. */
function isInside(x: number, y: number): boolean {
  const [joint, radius] = [0.06, 0.14];
  const dx = Math.max(0, Math.abs(x - 0.5) - (0.5 - joint - radius));
  const dy = Math.max(0, Math.abs(y - 0.5) - (0.5 - joint - radius));
  return Math.hypot(dx, dy) <= radius;
}

function distanceToTile(column: number, row: number): number {
  let nearest = Number.POSITIVE_INFINITY;
  for (let r = Math.floor(row) - 1; r <= Math.floor(row) + 1; r++)
    for (let c = Math.floor(column) - 1; c <= Math.floor(column) + 1; c++) {
      if (!isTile(c, r)) continue;
      const dx = Math.max(0, c - column, column - c - 1);
      const dy = Math.max(0, r - row, row - r - 1);
      nearest = Math.min(nearest, Math.hypot(dx, dy));
    }
  return nearest;
}

/** The same unevenness every time, as laid by hand. */
const grain = (column: number, row: number): number => ((column * 37 + row * 101 + column * row * 13) % 17) / 16;
