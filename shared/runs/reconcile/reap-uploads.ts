import { Missing } from '../../errors.ts';
import { afterPrefix } from '../../platform/key-range.ts';
import type { Bucket, OpenUpload, Upload } from '../../platform/ports.ts';
import { allItems } from '../../platform/query-all.ts';
import { type NotedUpload, notedUpload } from '../deliver/track-uploads.ts';
import type { RunDeps } from '../run/deps.ts';
import { readRun } from '../run/move-run.ts';
import { readOutput } from '../run/output-items.ts';
import { shards, uploadingPk } from '../run/run-items.ts';

interface ReapDeps extends RunDeps {
  readonly deliveries: Bucket;
}

/** Nobody begins and names an upload for longer than that; clocks differ by less. */
const startSeconds = 300;
export const waitSeconds = 24 * 3600;
/** In one pass of reconcile. */
export const atOnce = 200;

/**
 * Throws away the parts of copies that nobody will finish, a day after they began. Only uploads that we began: others
 * may write to the same bucket, and to the same key.
 */
export async function reapUploads(deps: ReapDeps): Promise<{ reaped: number }> {
  const to = afterPrefix(new Date(deps.clock() - waitSeconds * 1000).toISOString());
  let reaped = 0;
  for (const shard of shards)
    for await (const item of allItems(deps.runs, { pk: uploadingPk(shard), to })) {
      if (reaped >= atOnce) return { reaped };
      if (await reap(deps, notedUpload(item))) reaped += 1;
    }
  return { reaped };
}

async function reap(deps: ReapDeps, noted: NotedUpload): Promise<boolean> {
  if (await mayGoOn(deps, noted)) return false;
  const { runs, deliveries, log } = deps;
  const { pk, sk, key, runId } = noted;
  const uploadIds = noted.uploadId === undefined ? await begunThen(deps, noted) : [noted.uploadId];
  // First the parts, then the note: after a crash between the two, the note leads here again.
  for (const uploadId of uploadIds) await deliveries.abandon({ key, uploadId });
  await runs.write({ delete: { pk, sk } });
  if (uploadIds.length > 0) log.info('upload.reaped', { runId, key });
  return true;
}

/** A copy under way keeps its parts, however long it takes; one that has ended has published or left them. */
async function mayGoOn({ runs }: ReapDeps, { runId, outputId, uploadId }: NotedUpload): Promise<boolean> {
  const run = await readRun(runs, runId);
  if (run?.status !== 'copying') return false;
  const output = await readOutput(runs, runId, outputId);
  if (output !== undefined && output.status !== 'copying') return false;
  // The copy was restarted since.
  return output?.transfer?.uploadId === uploadId;
}

/**
 * The one upload of this very key that began at that very time, that no other note names, and that holds no part: ours
 * is named before its first part is sent. One with parts, or one of several, may be somebody else's and is left alone:
 * an upload without parts costs nothing.
 */
async function begunThen(deps: ReapDeps, { key, begunAt }: NotedUpload): Promise<readonly string[]> {
  const open = (await openUploads(deps.deliveries, key)).filter(
    ({ startedAt }) => Math.abs(startedAt.getTime() - Date.parse(begunAt)) <= startSeconds * 1000,
  );
  if (open.length === 0) return [];
  const others = await namedUploads(deps);
  const [first, ...more] = open.filter(({ uploadId }) => !others.has(uploadId));
  return first !== undefined && more.length === 0 && (await isEmpty(deps, first)) ? [first.uploadId] : [];
}

async function isEmpty({ deliveries }: ReapDeps, upload: Upload): Promise<boolean> {
  try {
    return (await deliveries.listParts(upload)).length === 0;
  } catch (error) {
    if (error instanceof Missing) return false;
    throw error;
  }
}

async function openUploads(bucket: Bucket, key: string): Promise<readonly OpenUpload[]> {
  const found: OpenUpload[] = [];
  let after: Upload | undefined;
  do {
    const page = await bucket.listUploads({ prefix: key, after });
    found.push(...page.uploads.filter((upload) => upload.key === key));
    after = page.next;
    // It comes before all longer ones.
  } while (after?.key === key);
  return found;
}

async function namedUploads({ runs }: ReapDeps): Promise<ReadonlySet<string>> {
  const named = new Set<string>();
  for (const shard of shards)
    for await (const { uploadId } of allItems(runs, { pk: uploadingPk(shard) })) named.add(String(uploadId));
  return named;
}
