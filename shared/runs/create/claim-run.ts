import { isoAfter } from '../../platform/iso-time.ts';
import { isVersioned } from '../../platform/object-version.ts';
import type { Item, Write } from '../../platform/ports.ts';
import type { RunDeps } from '../run/deps.ts';
import { newRunId } from '../run/ids.ts';
import { readRun } from '../run/move-run.ts';
import type { Rule } from '../run/rule.ts';
import type { Claimed, Run, Upload } from '../run/run.ts';
import { claimKey, eventKey, newRunWrites, nextRunWrite } from '../run/run-items.ts';
import { cameBefore, uploadIdentity } from '../run/upload.ts';

/** How long a claim may lie before reconcile takes it for forgotten. */
const claimSeconds = 120;

/**
 * The one run of this upload and rule: made now, or by whoever heard of it first. The claim is written before
 * anything that costs money, so however often an upload is announced there is one run. Undefined where its records
 * have had their time: the claim is all that is left of it.
 */
export async function claimRun(deps: RunDeps, upload: Upload, rule: Rule): Promise<Run | undefined> {
  const run = newRun(deps, upload, rule);
  const claim: Item = { ...claimKey(uploadIdentity(upload), rule.id), type: 'claim', runId: run.id };
  const written = await deps.runs.write({ put: claim, if: 'absent' }, ...born(run));
  if (written.done) return claimed(deps, run);
  const before = await claimedBefore(deps, claim);
  return before && wasPutAgain(before, upload) ? claimAgain(deps, claim, before, run) : before;
}

function born(run: Claimed): readonly Write[] {
  const arrival: Item = { ...eventKey(run.id, 'upload'), type: 'event', flag: 'UPLOADED', receivedAt: run.createdAt };
  return [...newRunWrites(run), { put: arrival, if: 'absent' }];
}

function claimed({ log }: RunDeps, run: Claimed): Run {
  const { id: runId, rule, upload } = run;
  log.info('run.claimed', { runId, ruleId: rule.id, bucket: upload.bucket, key: upload.key });
  return run;
}

/**
 * Who was refused is told to upload again. Where versions have no ids the same file is the same upload, so only a later
 * event tells that it was done. Nothing was paid for the first, so nothing is paid for twice.
 */
const wasPutAgain = (before: Run, upload: Upload): boolean =>
  (before.status === 'rejected' || before.status === 'ignored') &&
  !isVersioned(upload.versionId) &&
  before.upload.key === upload.key &&
  cameBefore(before.upload, upload) === true;

/** The run in place of one that was refused. Of two who hear of it at once, one makes it and the other follows. */
async function claimAgain(deps: RunDeps, claim: Item, before: Run, first: Claimed): Promise<Run | undefined> {
  const run: Claimed = { ...first, attempt: before.attempt, previousRunId: before.id };
  const written = await deps.runs.write(
    { update: { pk: claim.pk, sk: claim.sk }, set: { runId: run.id }, if: { runId: before.id } },
    nextRunWrite(before, run),
    ...born(run),
  );
  return written.done ? claimed(deps, run) : claimedBefore(deps, claim);
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

async function claimedBefore({ runs, log }: RunDeps, { pk, sk }: Item): Promise<Run | undefined> {
  const claim = await runs.get({ pk, sk });
  if (typeof claim?.runId !== 'string')
    throw new Error(`The claim ${pk} ${sk} was taken, but is not there. Try again.`);
  const run = await readRun(runs, claim.runId);
  // Claim and run are written together, so the run was there; only its records do not stay for good.
  if (run === undefined) log.info('upload.known', { claim: `${pk} ${sk}`, runId: claim.runId });
  return run;
}
