/** The value that this share of them does not exceed. */
function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}

const shown = (ms: number): string =>
  ms < 10 ? ms.toFixed(2) : ms < 1000 ? ms.toFixed(0) : `${(ms / 1000).toFixed(1)} s`;

/** One line of a table: what, and its p50, p99 and count. */
export const line = (what: string, values: readonly number[]): string =>
  `${what.padEnd(58)}${shown(percentile(values, 0.5)).padStart(9)}${shown(percentile(values, 0.99)).padStart(9)}${String(values.length).padStart(7)}`;

export const heading = (title: string): string =>
  `\n${title.padEnd(58)}${'p50 ms'.padStart(9)}${'p99 ms'.padStart(9)}${'n'.padStart(7)}`;
