import type { MeasuredMedia } from '../../../shared/inspect/measured-media.ts';
import type { RunStatus } from '../../../shared/runs/run/run.ts';
import { colors } from '../../colors.ts';
import { plainText } from '../../local/shown-path.ts';
import { fitted, widthOf } from '../../local/text-width.ts';
import { wrapped } from '../../local/wrap-text.ts';

const gap = '  ';

/** How wide lines may be: as the terminal is. Where nobody looks, nothing is cut. */
export const columnsHere = (): number =>
  process.stdout.isTTY ? Math.max(40, process.stdout.columns || 80) : Number.POSITIVE_INFINITY;

interface TableOptions {
  readonly paint?: (line: string, row: number) => string;
  /** What becomes of a last cell that is too long: its beginning is cut off (default), or it goes on below. */
  readonly tooLong?: 'cut' | 'wrap';
}

/** Rows below their header; the last column takes what room is left. */
export function table(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  { paint = (line) => line, tooLong = 'cut' }: TableOptions = {},
): string[] {
  const cells = [header, ...rows.map((row) => row.map(plainText))];
  const widths = header.map((_, column) => Math.max(...cells.map((row) => widthOf(row[column] ?? ''))));
  const before = widths.slice(0, -1).reduce((sum, width) => sum + width + gap.length, 0);
  const room = Math.max(10, columnsHere() - 1 - before);
  const linesOf = (row: readonly string[]): string[] => {
    const start = row.slice(0, -1).map((cell, column) => fitted(cell, widths[column] ?? 0) + gap);
    const last = row.at(-1) ?? '';
    const [first = '', ...rest] =
      tooLong === 'wrap' ? wrapped(last, room) : [widthOf(last) > room ? fitted(last, room) : last];
    return [`${start.join('')}${first}`, ...rest.map((line) => ' '.repeat(before) + line)];
  };
  return cells.flatMap((row, index) =>
    linesOf(row).map((line) => (index === 0 ? colors.dim(line) : paint(line, index - 1))),
  );
}

/** Names and their values below each other; what has no value is left out. */
export function facts(entries: readonly (readonly [name: string, value: string | undefined])[]): string[] {
  const known = entries.filter((entry): entry is readonly [string, string] => entry[1] !== undefined);
  const width = Math.max(0, ...known.map(([name]) => name.length));
  return known.flatMap(([name, value]) =>
    wrapped(inLocalTimes(plainText(value)), columnsHere() - 1 - width - 4).map(
      (line, index) => `  ${index === 0 ? colors.dim(name.padEnd(width)) : ' '.repeat(width)}${gap}${line}`,
    ),
  );
}

/** As it would be typed; of what a shell would read otherwise, only what it is. */
export const quoted = (text: string, what: string): string =>
  text === plainText(text) && !/["$`\\!]/.test(text) ? `"${text}"` : what;

/** Reasons tell times as programs do; people have clocks. */
export const inLocalTimes = (text: string): string =>
  text.replace(/\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g, localTime);

/** As the user's clock shows it. */
export function localTime(iso: string): string {
  const time = new Date(iso);
  if (Number.isNaN(time.getTime())) return iso;
  const two = (number: number) => String(number).padStart(2, '0');
  const day = [time.getFullYear(), two(time.getMonth() + 1), two(time.getDate())].join('-');
  return `${day} ${[time.getHours(), time.getMinutes(), time.getSeconds()].map(two).join(':')}`;
}

export function inBytes(size: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB'];
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, size)) / 3));
  return `${power === 0 ? size : (size / 1000 ** power).toPrecision(3)} ${units[power]}`;
}

function inMinutes(seconds: number): string {
  const whole = Math.round(seconds);
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60)];
  const rest = String(whole % 60).padStart(2, '0');
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, '0')}:${rest}` : `${minutes}:${rest}`;
}

/** What is known of a video, in a few words. */
export function videoOf(size: number | undefined, media: MeasuredMedia = {}): string | undefined {
  const { container, seconds, width, height, audioTracks } = media;
  const parts = [
    size === undefined ? undefined : inBytes(size),
    container,
    seconds === undefined ? undefined : inMinutes(seconds),
    width === undefined || height === undefined ? undefined : `${width}×${height}`,
    audioTracks === 0 ? 'no sound' : undefined,
  ].filter((part) => part !== undefined);
  return parts.length === 0 ? undefined : parts.join(', ');
}

export const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? '' : 's'}`;

type Colour = (text: string) => string;

export function colourOf(status: RunStatus): Colour {
  if (status === 'delivered') return colors.green;
  if (status === 'failed' || status === 'rejected') return colors.red;
  if (status === 'uncertain' || status === 'paused') return colors.yellow;
  if (status === 'ignored' || status === 'cancelled') return colors.dim;
  return (text) => text;
}
