import type { Item } from '../platform/ports.ts';
import { newRunId } from './ids.ts';
import { type RunDeps, readRun } from './move-run.ts';
import type { Rule } from './rules/rule.ts';
import type { Claimed, Run, Upload } from './run.ts';
import { claimKey, eventKey, newRunWrites } from './run-items.ts';
import { uploadIdentity } from './upload.ts';

/** How long a claim may lie before reconcile takes it for forgotten. */
const claimSeconds = 120;

/**
 * The one run of this upload and rule: made now, or by whoever heard of it first. The claim is written before
 * anything that costs money, so however often an upload is announced there is one run.
 */
export async function claimRun(deps: RunDeps, upload: Upload, rule: Rule): Promise<Run> {
  const run = newRun(deps, upload, rule);
  const claim: Item = { ...claimKey(uploadIdentity(upload), rule.id), type: 'claim', runId: run.id };
  const arrival: Item = { ...eventKey(run.id, 'upload'), type: 'event', flag: 'UPLOADED', receivedAt: run.createdAt };
  const written = await deps.runs.write({ put: claim, if: 'absent' }, ...newRunWrites(run), {
    put: arrival,
    if: 'absent',
  });
  if (written.done) {
    deps.log.info('run.claimed', { runId: run.id, ruleId: rule.id, bucket: upload.bucket, key: upload.key });
    return run;
  }
  return claimedBefore(deps, claim);
}

function newRun({ clock, newId = newRunId }: RunDeps, upload: Upload, rule: Rule): Claimed {
  const now = clock();
  const createdAt = new Date(now).toISOString();
  return {
    id: newId(),
    status: 'claimed',
    upload: onlyUpload(upload),
    rule,
    attempt: 1,
    createdAt,
    updatedAt: createdAt,
    revision: 1,
    checkAfter: new Date(now + claimSeconds * 1000).toISOString(),
  };
}

/** An event knows more than a run should keep. */
const onlyUpload = ({ bucket, key, versionId, etag, size, sequencer, reason }: Upload): Upload => ({
  bucket,
  key,
  versionId,
  etag,
  size,
  sequencer,
  reason,
});

async function claimedBefore({ runs }: RunDeps, { pk, sk }: Item): Promise<Run> {
  const claim = await runs.get({ pk, sk });
  const run = typeof claim?.runId === 'string' ? await readRun(runs, claim.runId) : undefined;
  if (run === undefined) throw new Error(`The claim ${pk} ${sk} was taken, but its run is not there. Try again.`);
  return run;
}
