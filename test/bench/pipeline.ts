import { cpus, loadavg, totalmem } from 'node:os';
import { openBareApi } from './bare-api.ts';
import { bareHandler } from './bare-handler.ts';
import { openBenchWorld } from './bench-world.ts';
import { now } from './clock.ts';
import { bareAnswers, objectToStart, webhookToState } from './latencies.ts';
import { openRunsOfRule } from './many-runs.ts';
import { heading, line } from './percentiles.ts';
import { releaseToStart } from './release.ts';
import { amountOf } from './short.ts';
import { storm } from './storm.ts';

/** Events a second, and how many of them. */
const rates = [
  [1, amountOf(10, 2)],
  [50, amountOf(200, 10)],
  [500, amountOf(1000, 50)],
] as const;

/** How soon the pipeline answers and starts, beside the least that an answer can cost; what it bears; what a list reads. */
export async function benchPipeline(): Promise<void> {
  const begin = now();
  console.log(conditions().join('\n'));
  const api = await openBareApi();
  try {
    await latencies(api);
    await bear(api);
  } finally {
    await api.close();
  }
  await lists();
  console.log(`\n${((now() - begin) / 1000).toFixed(0)} s in all.`);
}

function conditions(): readonly string[] {
  const [cpu] = cpus();
  const [load = 0] = loadavg();
  const memory = `${Math.round(totalmem() / 2 ** 30)} GB`;
  const busy = `The machine is busy (load ${load.toFixed(1)} on ${cpus().length} cores): these are not its own times.`;
  return [
    `${cpu?.model ?? 'unknown processor'}, ${cpus().length} cores, ${memory}, Node ${process.versions.node}`,
    'Loopback. One process for load, pipeline and bare handler, another for the API. SQLite in WAL mode, not flushed at',
    'each commit, for the pipeline and the bare handler alike. Times are from the moment at which each event was due.',
    ...(load > cpus().length / 2 ? [busy] : []),
  ];
}

type Api = Awaited<ReturnType<typeof openBareApi>>;

async function latencies(api: Api): Promise<void> {
  const options = { api, notify: true, copies: false };
  // Each its own: what one leaves to do is not to be in the way of the other.
  const hears = await openBenchWorld({ ...options, slots: 50 });
  const starts = await openBenchWorld({ ...options, slots: 10 });
  const bare = await bareHandler(hears.folder);
  api.order({ kind: 'behave', finishes: true, drops: 0 });
  await objectToStart(starts, api, 20, 20);
  await bareAnswers(bare.url, 20, 20);
  await webhookToState(hears, 20, 20);
  for (const [perSecond, count] of rates) {
    console.log(heading(`${perSecond} events a second`));
    console.log(line('bare node:http, one write → answer', await bareAnswers(bare.url, perSecond, count)));
    const { answers, settles } = await webhookToState(hears, perSecond, count);
    console.log(line('webhook → stored and answered', answers));
    console.log(line('webhook → state of its run stored (the API was asked)', settles));
    console.log(line('object created → run started', await objectToStart(starts, api, perSecond, count)));
  }
  sayFaults([...hears.faults, ...starts.faults]);
  await bare.close();
  await hears.close();
  await starts.close();
}

async function bear(api: Api): Promise<void> {
  const { fromRelease, fromWebhook, waiting } = await releaseToStart(api);
  console.log(heading(`${waiting} runs waiting, 10 slots`));
  console.log(line('slot released → next start', fromRelease));
  console.log(line('webhook → next start', fromWebhook));
  const { events, runs, starts, inputs, delivered, seconds, faults } = await storm(api);
  console.log(`\nA storm of ${events} shuffled events for ${runs} objects, every tenth webhook lost, 10 slots:`);
  console.log(
    `${runs} runs, ${starts} paid starts of ${inputs} objects, ${delivered} delivered, ${seconds.toFixed(1)} s`,
  );
  sayFaults(faults);
}

async function lists(): Promise<void> {
  const { total, found, expected, pages, itemsRead, times, fillSeconds } = await openRunsOfRule();
  console.log(heading(`Open runs of one rule among ${total} runs (made in ${fillSeconds.toFixed(0)} s)`));
  console.log(
    line(`${found} of ${expected} found in ${pages} page${pages === 1 ? '' : 's'}, ${itemsRead} items read`, times),
  );
}

function sayFaults(faults: readonly object[]): void {
  if (faults.length === 0) return;
  console.log(`${faults.length} errors were logged; the first: ${JSON.stringify(faults[0]).slice(0, 600)}`);
}
