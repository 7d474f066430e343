import { copyOutputHandler } from '../../../functions/copy-output.ts';
import { type Lane, pump } from '../../../functions/local/queue-pump.ts';
import { createLog } from '../../../shared/log.ts';
import type { Mosaic } from '../../../shared/mosaic/mosaic.ts';
import { s3Bucket } from '../../../shared/platform/aws/index.ts';
import { openLocal } from '../../../shared/platform/local/index.ts';
import type { Table } from '../../../shared/platform/ports.ts';
import { readOutput } from '../../../shared/runs/run/output-items.ts';
import type { Copying } from '../../../shared/runs/run/run.ts';
import { newRunWrites } from '../../../shared/runs/run/run-items.ts';
import { bucketName } from './bucket-name.ts';
import type { CopyJob } from './contender.ts';

export interface OursJob extends CopyJob {
  /** Of the table and the queue. With what an earlier process has left there, its work goes on. */
  readonly folder: string;
  readonly copiesAtOnce: number;
}

export type OursReport =
  | 'ready'
  | {
      readonly kind: 'done';
      /** In the order of the job's objects. */
      readonly copied: readonly { readonly key: string; readonly crc32c: string }[];
    }
  | { readonly kind: 'failed'; readonly reason: string };

const outputsPerRun = 10;
const secondsToMs = 1000;

/** The product's own lane of copies: its door, its pump, its table and queue, and S3 by the AWS adapter. */
process.once('message', async (job: OursJob) => {
  const platform = openLocal({ folder: job.folder });
  const runs = platform.table('runs');
  const copyQueue = platform.queue('copies', { maxReceives: 1000 });
  const planned = runsOf(job);
  let ended = 0;
  let faults = '';
  const log = createLog((line) => {
    if (line.level === 'error' || line.level === 'warn') faults = JSON.stringify(line).slice(0, 1000);
    if (line.event === 'run.moved') ended += 1;
    if (ended === planned.length) void finish();
  });
  const deps = {
    ...{ runs, log, copyQueue, clock: Date.now, mosaic: links(job), deliveries: s3Bucket(bucketName) },
    trustedHosts: [new URL(job.objects[0]?.link ?? '').host],
  };
  const lane: Lane = { name: 'copies', queue: copyQueue, door: copyOutputHandler(deps), concurrency: job.copiesAtOnce };
  const isNew = (await runs.get({ pk: `RUN#${planned[0]?.id}`, sk: 'RUN' })) === undefined;
  if (isNew) {
    for (const run of planned) await runs.write(...newRunWrites(run));
    const messages = planned.flatMap(({ id, expected }) =>
      expected.map((output) => ({ body: { runId: id, outputId: output.id } })),
    );
    await copyQueue.send(...messages);
  } else platform.reviveMessages();
  const wakeUps = (listener: () => void) => platform.onMessage(() => listener());
  const { stop } = pump(lane, wakeUps, log);

  async function finish(): Promise<void> {
    const copied = [];
    for (const run of planned) for (const { id } of run.expected) copied.push(await copiedOutput(runs, run.id, id));
    const bad = copied.find((output) => output === undefined);
    report(
      bad === undefined && copied.length === job.objects.length ? done(copied) : { kind: 'failed', reason: faults },
    );
    await stop(secondsToMs);
    platform.close();
    process.disconnect();
  }
});
// Whoever started it is gone, or has heard all.
process.once('disconnect', () => process.exit());
report('ready');

type Copied = { readonly key: string; readonly crc32c: string };

const done = (copied: readonly (Copied | undefined)[]): OursReport => ({
  kind: 'done',
  copied: copied.filter((output) => output !== undefined),
});

async function copiedOutput(runs: Table, runId: string, outputId: string): Promise<Copied | undefined> {
  const state = await readOutput(runs, runId, outputId);
  return state?.status === 'copied' ? { key: state.key, crc32c: state.checksum.value } : undefined;
}

/** Runs whose agent runs have ended, so that all that is left of them is to copy their outputs. */
function runsOf({ objects }: OursJob): readonly Copying[] {
  const at = new Date().toISOString();
  const runs: Copying[] = [];
  for (let first = 0; first < objects.length; first += outputsPerRun)
    runs.push({
      ...{
        id: `bench-${first}`,
        status: 'copying',
        attempt: 1,
        revision: 1,
        createdAt: at,
        updatedAt: at,
        finishedAt: at,
      },
      upload: { bucket: 'uploads', key: `in/${first}.mp4`, versionId: 'v1' },
      rule: { id: 'bench', prefix: 'in/', agentId: 'agent-1', priority: 5 },
      ...{ agentRunId: `agent-run-${first}`, partial: false, nodeErrors: [], checkAfter: at },
      expected: objects.slice(first, first + outputsPerRun).map((_, place) => ({ id: `output-${first + place}` })),
    });
  return runs;
}

/** Of Mosaic, only its answer to "where are this run's outputs?"; that it is asked for each is part of the work. */
const links = ({ objects }: OursJob): Mosaic =>
  ({
    getAgentRun: async (agentRunId: string) => {
      const first = Number(agentRunId.split('-').at(-1));
      return {
        ...{ agentRunId, agentId: 'agent-1', status: 'completed', needsCredits: false, errors: [] },
        nodeStatusCounts: { completed: 1, inProgress: 0, failed: 0 },
        outputs: objects
          .slice(first, first + outputsPerRun)
          .map(({ link }, place) => ({ id: `output-${first + place}`, videoUrl: link })),
      };
    },
  }) as unknown as Mosaic;

function report(report: OursReport): void {
  process.send?.(report);
}
