import type { Table } from '../platform/ports.ts';
import { readRun } from './move-run.ts';
import type { Run, Upload } from './run.ts';
import { uploadIdentity } from './upload.ts';

/** The runs that this object version led to: none before it was noticed, one for each rule that took it. */
export async function runsOfUpload(table: Table, upload: Upload): Promise<readonly Run[]> {
  const claims = await table.query({ pk: `UPLOAD#${uploadIdentity(upload)}` });
  const runs = await Promise.all(claims.items.map(({ runId }) => readRun(table, String(runId))));
  return runs.filter((run) => run !== undefined);
}
