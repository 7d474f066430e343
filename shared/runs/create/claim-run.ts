import { isoAfter } from '../../platform/iso-time.ts';
import { isVersioned } from '../../platform/object-version.ts';
import type { Item, Write } from '../../platform/ports.ts';
import type { RunDeps } from '../run/deps.ts';
import { newRunId } from '../run/ids.ts';
import { readRun } from '../run/move-run.ts';
import { storeFirstResultNames } from '../run/result-names.ts';
import type { Rule } from '../run/rule.ts';
import type { Claimed, Run, Upload } from '../run/run.ts';
import { claimKey, eventKey, newRunWrites, nextRunWrite } from '../run/run-items.ts';
import { cameBefore, uploadIdentity } from '../run/upload.ts';

/** Reconcile treats a claim older than this as abandoned. */
const claimSeconds = 120;

/**
 * Returns the run for this upload and rule, creating it if needed. The claim is written before anything costs money, so
 * repeated events find the same run. Undefined if the run's records have expired and only its claim is left.
 */
export async function claimRun(deps: RunDeps, upload: Upload, rule: Rule): Promise<Run | undefined> {
  await storeFirstResultNames(deps.runs, rule.id, deps.clock());
  const run = newRun(deps, upload, rule);
  const claim: Item = { ...claimKey(uploadIdentity(upload), rule.id), type: 'claim', runId: run.id };
  const written = await deps.runs.write({ put: claim, if: 'absent' }, ...newClaimWrites(run));
  if (written.done) return logClaim(deps, run);
  const before = await readClaimedRun(deps, claim);
  return before && isRepeatedUpload(before, upload) ? claimAgain(deps, claim, before, run) : before;
}

function newClaimWrites(run: Claimed): readonly Write[] {
  const arrival: Item = { ...eventKey(run.id, 'upload'), type: 'event', flag: 'UPLOADED', receivedAt: run.createdAt };
  return [...newRunWrites(run), { put: arrival, if: 'absent' }];
}

function logClaim({ log }: RunDeps, run: Claimed): Run {
  const { id: runId, rule, upload } = run;
  log.info('run.claimed', { runId, ruleId: rule.id, bucket: upload.bucket, key: upload.key });
  return run;
}

/**
 * A refusal asks the uploader to upload again. In a bucket without versions the same file is the same upload, so only a
 * later event shows the repeat. The refused run cost nothing, so nothing is paid twice.
 */
const isRepeatedUpload = (before: Run, upload: Upload): boolean =>
  (before.status === 'rejected' || before.status === 'ignored') &&
  !isVersioned(upload.versionId) &&
  before.upload.key === upload.key &&
  cameBefore(before.upload, upload) === true;

/** Replaces a refused run. If two workers try at once, one creates the run and the other finds it. */
async function claimAgain(deps: RunDeps, claim: Item, before: Run, first: Claimed): Promise<Run | undefined> {
  const run: Claimed = { ...first, attempt: before.attempt, previousRunId: before.id };
  const written = await deps.runs.write(
    { update: { pk: claim.pk, sk: claim.sk }, set: { runId: run.id }, if: { runId: before.id } },
    nextRunWrite(before, run),
    ...newClaimWrites(run),
  );
  return written.done ? logClaim(deps, run) : readClaimedRun(deps, claim);
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
    checkAfter: isoAfter(now, claimSeconds),
  };
}

/** Drops the other fields of an event. */
const onlyUpload = ({ bucket, key, versionId, etag, size, sequencer, reason }: Upload): Upload => ({
  bucket,
  key,
  versionId,
  etag,
  size,
  sequencer,
  reason,
});

async function readClaimedRun({ runs, log }: RunDeps, { pk, sk }: Item): Promise<Run | undefined> {
  const claim = await runs.get({ pk, sk });
  if (typeof claim?.runId !== 'string')
    throw new Error(`The claim ${pk} ${sk} was taken, but is not there. Try again.`);
  const run = await readRun(runs, claim.runId);
  // Claim and run are written together, so a missing run has expired.
  if (run === undefined) log.info('upload.known', { claim: `${pk} ${sk}`, runId: claim.runId });
  return run;
}
