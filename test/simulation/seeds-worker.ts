import { parentPort, workerData } from 'node:worker_threads';
import { simulateSeed } from './simulate-seed.ts';
import { addTo, emptySummary, type Summary } from './summary.ts';

export interface Chunk {
  readonly from: number;
  readonly seeds: number;
}

const { keepTrace } = workerData as { keepTrace: boolean };
// Stacks cost more than everything else here, and nobody reads them before there is a trace to read.
if (!keepTrace) Error.stackTraceLimit = 0;

parentPort?.on('message', async ({ from, seeds }: Chunk) => {
  const summary: Summary = emptySummary();
  for (let seed = from; seed < from + seeds; seed += 1)
    addTo(summary, await simulateSeed(seed, { keepTrace }), keepTrace);
  parentPort?.postMessage(summary);
});
