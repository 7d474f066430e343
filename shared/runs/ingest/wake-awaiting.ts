import type { Queue } from '../../platform/ports.ts';
import { allItems } from '../../platform/query-all.ts';
import { isSidecarKey } from '../run/control-files.ts';
import type { RunDeps } from '../run/deps.ts';
import { wakeStartRun } from '../run/messages.ts';
import { readRun } from '../run/move-run.ts';
import type { Upload } from '../run/run.ts';
import { awaitsPk, keyPk } from '../run/run-items.ts';

export interface WakeDeps extends RunDeps {
  readonly startQueue: Queue;
}

/**
 * Wakes the runs that wait for this object: as their sidecar, or as an input that their manifest names. For a run that
 * was admitted without it, it comes too late and changes nothing.
 */
export async function wakeAwaiting(deps: WakeDeps, { bucket, key }: Pick<Upload, 'bucket' | 'key'>): Promise<void> {
  const waiting: string[] = [];
  for await (const { runId } of allItems(deps.runs, { pk: awaitsPk(bucket, key) })) waiting.push(String(runId));
  if (isSidecarKey(key)) deps.log.info('sidecar.noticed', { bucket, key, waiting: waiting.length });
  if (waiting.length > 0) await wakeStartRun(deps.startQueue, ...waiting);
}

/** How many runs of one key are looked at, newest first: older ones ended long ago. */
const mostRunsOfKey = 25;

/** Wakes the runs that wait until this archived object can be read. */
export async function wakeRestoring(deps: WakeDeps, { bucket, key }: Pick<Upload, 'bucket' | 'key'>): Promise<void> {
  const { items } = await deps.runs.query({ pk: keyPk(bucket, key), descending: true, limit: mostRunsOfKey });
  const runs = await Promise.all(items.map(({ runId }) => readRun(deps.runs, String(runId))));
  const restoring = runs.filter((run) => run?.status === 'restoring').map((run) => run?.id ?? '');
  if (restoring.length > 0) await wakeStartRun(deps.startQueue, ...restoring);
}
