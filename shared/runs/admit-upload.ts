import type { Bucket } from '../platform/ports.ts';
import { claimRun } from './claim-run.ts';
import { moveRun, type RunDeps, readRun } from './move-run.ts';
import { type Rules, ruleFor } from './rules.ts';
import type { Claimed, NextState, Run, Upload } from './run.ts';
import { ignoredBecause, rejectedBecause, runIdMetadata } from './upload.ts';

export interface AdmitDeps extends RunDeps {
  readonly uploads: Bucket;
  readonly rules: () => Promise<Rules>;
}

/** Takes note of an object that landed; afterwards its run waits for a slot, or says why it never will. */
export async function admitUpload(deps: AdmitDeps, upload: Upload): Promise<Run | 'not-for-us'> {
  // Without a rule nobody asked for a run, so there is nothing to keep but a line in the log.
  const rule = upload.bucket === deps.uploads.name ? ruleFor(await deps.rules(), upload.key) : undefined;
  if (rule === undefined) {
    deps.log.info('upload.passed-over', { bucket: upload.bucket, key: upload.key });
    return 'not-for-us';
  }
  return admit(deps, await claimRun(deps, upload, rule));
}

/** Goes on with a claimed run whose first worker stopped. */
export async function admitRun(deps: AdmitDeps, runId: string): Promise<Run> {
  const run = await readRun(deps.runs, runId);
  if (run === undefined) throw new Error(`There is no run ${runId} to go on with.`);
  return admit(deps, run);
}

async function admit(deps: AdmitDeps, run: Run): Promise<Run> {
  if (run.status !== 'claimed') return run;
  const moved = await moveRun(deps, run, await judge(deps.uploads, run));
  // Whoever was faster judged the same object version.
  return moved.outcome === 'moved' ? moved.run : ((await readRun(deps.runs, run.id)) ?? run);
}

async function judge(uploads: Bucket, { upload }: Claimed): Promise<NextState> {
  const ignored = ignoredBecause(upload);
  if (ignored !== undefined) return { status: 'ignored', reason: ignored };
  const head = await uploads.head(upload.key, { versionId: upload.versionId });
  const rejected = rejectedBecause(upload, head);
  if (rejected !== undefined || head === undefined) return { status: 'rejected', reason: rejected ?? '' };
  if (runIdMetadata in head.metadata)
    return { status: 'ignored', reason: 'it is an output that we delivered. Keep deliveries out of the uploads.' };
  return { status: 'waiting', starts: 0, upload: { ...upload, etag: head.etag, size: head.size } };
}
