import type { Item, Table } from '../../platform/ports.ts';
import { allItems } from '../../platform/query-all.ts';
import type { RunDeps } from '../run/deps.ts';
import { isRunId } from '../run/ids.ts';
import { readRun } from '../run/move-run.ts';
import type { Run, RunStatus, Upload } from '../run/run.ts';
import { eventsOf, type RunEvent } from '../run/run-events.ts';
import { keyPk } from '../run/run-items.ts';
import { uploadIdentity } from '../run/upload.ts';
import type { FindDeps } from './deps.ts';

/** The runs that this object version led to: none before it was noticed, one for each rule that took it. */
export async function runsOfUpload(table: Table, upload: Upload): Promise<readonly Run[]> {
  const claims = await table.query({ pk: `UPLOAD#${uploadIdentity(upload)}` });
  const runs = await Promise.all(claims.items.map(({ runId }) => readRun(table, String(runId))));
  return runs.filter((run) => run !== undefined);
}

/** A run by its id, or the newest of an object's key: of an input, or of an output that was delivered there. */
export async function findRun(deps: FindDeps, idOrKey: string): Promise<Run | undefined> {
  const byId = isRunId(idOrKey) ? await readRun(deps.runs, idOrKey) : undefined;
  return byId ?? (await runsOfKey(deps, idOrKey, 5)).toSorted(newestFirst)[0];
}

/** Newest first. */
export async function runsOfKey(deps: FindDeps, key: string, limit: number): Promise<readonly Run[]> {
  const { buckets = ['uploads', 'deliveries'] } = deps;
  const found: Item[] = [];
  for (const bucket of buckets)
    found.push(...(await deps.runs.query({ pk: keyPk(bucket, key), descending: true, limit })).items);
  const newest = found.sort((a, b) => (a.sk < b.sk ? 1 : -1)).slice(0, limit);
  const runs = await Promise.all(newest.map(({ runId }) => readRun(deps.runs, String(runId))));
  return runs.filter((run) => run !== undefined);
}

/** Of one moment, the one that uses the object comes before the one that left it alone, and later attempts first. */
const newestFirst = (a: Run, b: Run): number =>
  a.createdAt === b.createdAt
    ? Number(a.status === 'ignored') - Number(b.status === 'ignored') || b.attempt - a.attempt
    : a.createdAt < b.createdAt
      ? 1
      : -1;

/** Something that happened to a run. */
export type HistoryEntry =
  | {
      readonly kind: 'move';
      readonly at: string;
      readonly from: RunStatus;
      readonly to: RunStatus;
      readonly reason?: string;
    }
  | ({ readonly kind: 'event'; readonly at: string } & RunEvent);

/** Every move and every report of a run, in the order in which they came. */
export async function runHistory({ runs }: Pick<RunDeps, 'runs'>, runId: string): Promise<readonly HistoryEntry[]> {
  const entries: HistoryEntry[] = [];
  for await (const { at, from, to, reason } of allItems(runs, { pk: `RUN#${runId}`, prefix: 'MOVE#' }))
    entries.push({ kind: 'move', at, from, to, ...(reason !== undefined && { reason }) } as HistoryEntry);
  for (const event of await eventsOf(runs, runId)) entries.push({ kind: 'event', at: event.receivedAt, ...event });
  // Sorting keeps the moves of one moment in their order.
  return entries.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
}
