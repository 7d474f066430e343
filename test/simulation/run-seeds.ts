import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { build } from 'esbuild';
import type { Chunk } from './seeds-worker.ts';
import { smallParts } from './small-parts.ts';
import { emptySummary, merge, type Summary } from './summary.ts';

export interface Seeds {
  readonly from: number;
  readonly seeds: number;
  /** Threads. */
  readonly jobs: number;
  readonly keepTrace?: boolean;
  readonly onProgress?: (summary: Summary) => void;
}

const chunkSeeds = 20;
const enoughFailures = 20;

/** Lives through seeds on several threads. The code is bundled first: loaders and stack traces cost more than the seeds. */
export async function runSeeds({ from, seeds, jobs, keepTrace = false, onProgress }: Seeds): Promise<Summary> {
  const folder = mkdtempSync(join(tmpdir(), 'tessera-simulate-'));
  try {
    const file = await bundle(folder);
    const summary = emptySummary();
    let next = from;
    const nextChunk = (): Chunk | undefined => {
      if (next >= from + seeds || summary.failures.length >= enoughFailures) return undefined;
      const chunk = { from: next, seeds: Math.min(chunkSeeds, from + seeds - next) };
      next += chunk.seeds;
      return chunk;
    };
    const take = (part: Summary) => {
      merge(summary, part);
      onProgress?.(summary);
    };
    await Promise.all(Array.from({ length: jobs }, () => work(file, keepTrace, nextChunk, take)));
    summary.failures.sort((a, b) => a.seed - b.seed);
    return summary;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function bundle(folder: string): Promise<string> {
  const outfile = join(folder, 'seeds.mjs');
  const entryPoints = [join(import.meta.dirname, 'seeds-worker.ts')];
  await build({
    entryPoints,
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    logLevel: 'error',
    plugins: [smallParts],
  });
  return outfile;
}

function work(
  file: string,
  keepTrace: boolean,
  nextChunk: () => Chunk | undefined,
  take: (part: Summary) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(file, { workerData: { keepTrace } });
    const goOn = () => {
      const chunk = nextChunk();
      if (chunk !== undefined) return worker.postMessage(chunk);
      resolve();
      return worker.terminate();
    };
    worker.on('error', reject);
    worker.on('message', (part: Summary) => {
      take(part);
      goOn();
    });
    goOn();
  });
}
