import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { copiesAtOnce } from '../../../functions/local/connect-pipeline.ts';
import { atExit } from './at-exit.ts';
import type { CopyJob, Measured } from './contender.ts';
import type { AwsEnvironment } from './emulator.ts';
import { bundled, startProgram } from './node-program.ts';
import type { OursJob, OursReport } from './ours-process.ts';
import type { Source } from './source.ts';

export interface OursMeasured extends Measured {
  readonly copied: readonly { readonly key: string; readonly crc32c: string }[];
}

/** Ours: the lane of copies as the product runs it, in a process of its own. */
export async function openOurs(environment: AwsEnvironment) {
  const program = await bundled('ours-process');
  const copy = (job: CopyJob): Promise<OursMeasured> =>
    inFolder(async (folder) => doneBy(await start(program, job, folder, environment)));
  return {
    name: 'Tessera',
    options: `its defaults: ${copiesAtOnce} copies at once`,
    copy,
    /** Ends the process without a word when the source has served half, and lets another go on. */
    killedHalfWay: (job: CopyJob, source: Source): Promise<OursMeasured> =>
      inFolder(async (folder) => {
        const first = await start(program, job, folder, environment);
        // Its end is no news.
        first.ended.catch(() => {});
        while ((await source.served()).bytes < job.bytes / 2) await sleep(10);
        await first.kill();
        return doneBy(await start(program, job, folder, environment));
      }),
  };
}

const start = (program: string, job: CopyJob, folder: string, environment: AwsEnvironment) =>
  startProgram(program, { ...job, folder, copiesAtOnce } satisfies OursJob, environment);

async function doneBy({ ended }: Awaited<ReturnType<typeof start>>): Promise<OursMeasured> {
  const { said, ...measured } = await ended;
  const report = said as OursReport | undefined;
  if (report === undefined || report === 'ready') throw new Error('Our process ended before its work was done.');
  if (report.kind === 'failed') throw new Error(`Our copy failed: ${report.reason}`);
  return { ...measured, copied: report.copied };
}

async function inFolder<T>(act: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'tessera-bench-'));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  const stay = atExit(remove);
  try {
    return await act(folder);
  } finally {
    stay();
    remove();
  }
}
