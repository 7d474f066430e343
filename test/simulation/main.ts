/** `npm run simulate -- --seeds N --from S [--jobs J] [--trace]`: the pipeline in virtual time, through N worlds of faults. */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { faultKinds } from './faults.ts';
import { runSeeds } from './run-seeds.ts';
import type { Failure, Summary } from './summary.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1000' },
    from: { type: 'string', default: '1' },
    jobs: { type: 'string', default: String(availableParallelism()) },
    trace: { type: 'boolean', default: false },
  },
});
const [seeds, from, jobs] = [number('seeds'), number('from'), number('jobs')];

// Whoever reads may go away (`| head`).
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});

const startedMs = performance.now();
const summary = await runSeeds({
  ...{ seeds, from, keepTrace: values.trace, onProgress: showProgress },
  jobs: Math.max(1, Math.min(jobs, Math.ceil(seeds / 20))),
});
if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
if (values.trace) for (const trace of summary.traces) console.log(trace.join('\n'));
else showSummary(summary);
for (const failure of summary.failures.slice(0, values.trace ? 1 : 5)) showFailure(failure);
process.exitCode = summary.failures.length > 0 ? 1 : 0;

function number(name: 'seeds' | 'from' | 'jobs'): number {
  const value = Number(values[name]);
  if (Number.isSafeInteger(value) && value >= (name === 'from' ? 0 : 1)) return value;
  console.error(`--${name} takes a whole number, not ${JSON.stringify(values[name])}.`);
  process.exit(2);
}

function showProgress(soFar: Summary): void {
  if (!process.stderr.isTTY) return;
  const width = 30;
  const done = Math.round((width * soFar.seeds) / seeds);
  const bar = `${'█'.repeat(done)}${'░'.repeat(width - done)}`;
  process.stderr.write(
    `\r${bar} ${soFar.seeds} of ${seeds} seeds, ${rate(soFar)} a second, ${soFar.failures.length} failed`,
  );
}

function rate(soFar: Summary): number {
  return Math.round(soFar.seeds / ((performance.now() - startedMs) / 1000));
}

function showSummary({ faults, endings, ...all }: Summary): void {
  const seconds = (performance.now() - startedMs) / 1000;
  console.log(
    `${all.seeds} seeds (${from} to ${from + all.seeds - 1}) in ${seconds.toFixed(1)} s, ${rate(summary)} a second: ` +
      `${all.steps.toLocaleString('en')} steps, ${Math.round(all.virtualHours / 24).toLocaleString('en')} virtual days, ` +
      `${all.agentRuns.toLocaleString('en')} paid agent runs`,
  );
  console.log(`\nfaults\n${table(faultKinds.map((kind) => [kind, faults.get(kind) ?? 0]))}`);
  console.log(`\nendings\n${table([...endings].sort(([, a], [, b]) => b - a))}`);
}

function table(rows: readonly (readonly [string, number])[]): string {
  return rows.map(([name, count]) => `  ${name.padEnd(28)}${count.toLocaleString('en').padStart(12)}`).join('\n');
}

function showFailure({ seed, rule, facts, trace }: Failure): void {
  console.error(`\nseed ${seed} broke a promise: ${rule}\n  ${facts}`);
  if (values.trace) return;
  console.error(`  its last steps (seconds, who, what):\n    ${trace.slice(-25).join('\n    ')}`);
  console.error(`  replay it exactly: npm run simulate -- --from ${seed} --seeds 1 --trace`);
}
