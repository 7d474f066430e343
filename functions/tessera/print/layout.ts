import type { MeasuredMedia } from '../../../shared/inspect/measured-media.ts';
import type { RunStatus } from '../../../shared/runs/run/run.ts';
import { colors } from '../../colors.ts';
import { plainText } from '../../local/shown-path.ts';
import { fitted, widthOf } from '../../local/text-width.ts';
import { wrapped } from '../../local/wrap-text.ts';

const gap = '  ';

/** The width of the terminal. Output that goes elsewhere is not cut. */
export const columnsHere = (): number =>
  process.stdout.isTTY ? Math.max(40, process.stdout.columns || 80) : Number.POSITIVE_INFINITY;

interface TableOptions {
  readonly paint?: (line: string, row: number) => string;
  /** A last cell that is too long loses its beginning (default) or is wrapped. */
  readonly tooLong?: 'cut' | 'wrap';
}

/** Lays out a header and rows. The last column takes the remaining width. */
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

/** Lays out names and values below each other, without those that have no value. */
export function facts(entries: readonly (readonly [name: string, value: string | undefined])[]): string[] {
  const known = entries.filter((entry): entry is readonly [string, string] => entry[1] !== undefined);
  const width = Math.max(0, ...known.map(([name]) => name.length));
  return known.flatMap(([name, value]) =>
    wrapped(inLocalTimes(plainText(value)), columnsHere() - 1 - width - 4).map(
      (line, index) => `  ${index === 0 ? colors.dim(name.padEnd(width)) : ' '.repeat(width)}${gap}${line}`,
    ),
  );
}

/** The text in quotes, as a user would type it; `what` instead when a shell would interpret it. */
export const quoted = (text: string, what: string): string =>
  text === plainText(text) && !/["$`\\!]/.test(text) ? `"${text}"` : what;

/** Replaces ISO times in a reason with the user's local time. */
export const inLocalTimes = (text: string): string =>
  text.replace(/\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g, localTime);

/** The time in the user's time zone. */
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

/** Size, format and length of a video, as far as they are known. */
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
