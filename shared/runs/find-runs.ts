import type { Table } from '../platform/ports.ts';
import { allItems } from './all-items.ts';
import { readRun } from './move-run.ts';
import type { Run, Upload } from './run.ts';
import { openPk, runFromItem, shards } from './run-items.ts';
import { uploadIdentity } from './upload.ts';

/** The runs that this object version led to: none before it was noticed, one for each rule that took it. */
export async function runsOfUpload(table: Table, upload: Upload): Promise<readonly Run[]> {
  const claims = await table.query({ pk: `UPLOAD#${uploadIdentity(upload)}` });
  const runs = await Promise.all(claims.items.map(({ runId }) => readRun(table, String(runId))));
  return runs.filter((run) => run !== undefined);
}

/** Every run that reconcile watches (open, and not waiting for a slot) and that is due by this time; oldest check first. */
export async function* openRuns(table: Table, dueBy?: Date): AsyncGenerator<Run> {
  for (const shard of shards)
    for await (const item of allItems(table, { pk: openPk(shard), index: true, to: dueBy?.toISOString() }))
      yield runFromItem(item);
}
