import type { Measured } from './contender.ts';

export type Row =
  | (Measured & {
      readonly name: string;
      readonly bytes: number;
      /** By the source: bytes, requests, and connections at once. */
      readonly served: number;
      readonly requests: number;
      readonly connections: number;
    })
  | { readonly name: string; readonly failed: string };

type Done = Extract<Row, Measured>;

const memoryTargetBytes = 256e6;

/** The first row is ours; its ratio is to the fastest of the others. */
export function showTable(title: string, rows: readonly Row[], target: number): string {
  const head = `${title.padEnd(56)}${columns('s', 'MB/s', 'CPU s', 'peak MB', 'requests', 'at once', 'fetched')}`;
  return [
    head,
    ...rows.map((row) => ('failed' in row ? `${row.name.padEnd(56)}FAILED: ${row.failed}` : shown(row))),
    ...verdict(rows, target),
  ].join('\n');
}

const shown = ({ name, seconds, bytes, peakBytes, cpuSeconds, requests, connections, served }: Done): string =>
  `${name.padEnd(56)}${columns(
    seconds.toFixed(1),
    (bytes / seconds / 1e6).toFixed(0),
    cpuSeconds.toFixed(1),
    (peakBytes / 1e6).toFixed(0),
    String(requests),
    String(connections),
    `${(served / bytes).toFixed(2)} ×`,
  )}`;

const columns = (...values: readonly string[]): string => values.map((value) => value.padStart(9)).join('');

function verdict([ours, ...peers]: readonly Row[], target: number): readonly string[] {
  const done = peers.filter((row): row is Done => !('failed' in row));
  if (ours === undefined || 'failed' in ours || done.length === 0) return [];
  const fastest = done.reduce((best, row) => (row.seconds < best.seconds ? row : best));
  const ratio = fastest.seconds / ours.seconds;
  return [
    `${ratio.toFixed(2)} times the speed of the fastest, ${fastest.name}: ${met(ratio >= target)} (target ${target})`,
    `peak memory ${(ours.peakBytes / 1e6).toFixed(0)} MB: ${met(ours.peakBytes <= memoryTargetBytes)} (target 256)`,
  ];
}

const met = (holds: boolean): string => (holds ? 'met' : 'NOT met');

export const judge = {
  /** One part of 8 MiB for each connection that was open at once. */
  refetched: (bytes: number, connections: number, limit?: number): string => {
    const allowed = connections * 8 * 2 ** 20;
    const how = limit === undefined ? 'unlimited' : `${limit / 1e6} MB/s per connection`;
    return `Killed half way (${how}): ${(bytes / 1e6).toFixed(1)} MB fetched again with ${connections} connections: ${met(bytes <= allowed)} (target one part each, ${(allowed / 1e6).toFixed(0)})`;
  },
};
