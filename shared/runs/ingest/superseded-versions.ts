import { isVersioned } from '../../platform/object-version.ts';
import type { Item } from '../../platform/ports.ts';
import { askCancel } from '../run/cancel-run.ts';
import { readRun } from '../run/move-run.ts';
import { isEnded, type Run, type Upload } from '../run/run.ts';
import { keyPk } from '../run/run-items.ts';
import { cameBefore, uploadIdentity } from '../run/upload.ts';
import type { IngestDeps } from './deps.ts';
import { isGroupRule } from './group.ts';
import { ignored, type Verdict } from './verdict.ts';

/** How many runs of one key are looked at, newest first. */
const mostRunsOfKey = 50;

/**
 * Where the rule wants the newest version only: cancels what older versions of the key have under way, or says that a
 * newer one is known already. Both versions are claimed before either looks, so at least one of them sees the other.
 */
export async function outdated(deps: IngestDeps, run: Run): Promise<Verdict | undefined> {
  // In a group a newer version takes the older one's place; see `joinGroup`.
  if (run.rule.versions !== 'newest' || isGroupRule(run.rule)) return undefined;
  for (const other of await othersOf(deps, run, await runsOfSameKey(deps, run))) {
    if (await isNewer(deps, other, run))
      return ignored(`a newer version of it is known (run ${other.id}), and its rule takes only the newest.`);
    // One that has ended may have got its next attempt since it was looked for.
    if (!isEnded(other) || other.nextRunId !== undefined)
      await askCancel(
        deps,
        other.id,
        `a newer version of ${run.upload.key} arrived, and its rule takes only the newest.`,
      );
  }
  return undefined;
}

/**
 * Rewriting an object's metadata in place is a copy onto itself, which makes a new version of the same content. That is
 * no new video; putting the same file there again is.
 */
export async function rewritten(deps: IngestDeps, run: Run): Promise<Verdict | undefined> {
  const { reason, etag, size } = run.upload;
  if (reason !== 'CopyObject' || etag === undefined) return undefined;
  const items = await runsOfSameKey(deps, run);
  // All that is left of a run whose records have had their time.
  const known = items.find((item) => item.etag === etag && item.size === size && item.ruleId === run.rule.id);
  const same = (await othersOf(deps, run, items)).find(
    (other) =>
      other.upload.etag === etag &&
      other.upload.size === size &&
      // What was not taken for its metadata may be mended by rewriting that.
      !['ignored', 'rejected'].includes(other.status) &&
      (cameBefore(other.upload, run.upload) ?? placeOf(other) < placeOf(run)),
  );
  const runId = same?.id ?? known?.runId;
  return runId === undefined
    ? undefined
    : ignored(`it is the content of run ${runId}, copied onto itself: only its metadata can be new.`);
}

async function runsOfSameKey({ runs }: IngestDeps, { upload: { bucket, key } }: Run): Promise<readonly Item[]> {
  return (await runs.query({ pk: keyPk(bucket, key), descending: true, limit: mostRunsOfKey })).items;
}

/** The runs that other versions of the same key have by the same rule. */
async function othersOf({ runs }: IngestDeps, run: Run, items: readonly Item[]): Promise<readonly Run[]> {
  const { key } = run.upload;
  const found = await Promise.all(items.map(({ runId }) => readRun(runs, String(runId))));
  return found.filter(
    (other): other is Run =>
      other !== undefined &&
      other.rule.id === run.rule.id &&
      other.upload.key === key &&
      uploadIdentity(other.upload) !== uploadIdentity(run.upload),
  );
}

/** Where no sequencers tell (a back-fill has none), the version that the key shows now is the newer one. */
async function isNewer({ uploads }: IngestDeps, other: Run, run: Run): Promise<boolean> {
  const before = cameBefore(run.upload, other.upload);
  if (before !== undefined) return before;
  const current = await uploads.head(run.upload.key);
  const isCurrent = ({ versionId, etag }: Upload): boolean =>
    current !== undefined && (isVersioned(versionId) ? versionId === current.versionId : etag === current.etag);
  return isCurrent(other.upload) || (!isCurrent(run.upload) && placeOf(other) > placeOf(run));
}

/** No two runs share one, so that two can never each take the other for the older. */
const placeOf = ({ createdAt, id }: Run): string => `${createdAt}#${id}`;
