import { isoAfter } from '../../platform/iso-time.ts';
import type { ObjectHead } from '../../platform/ports.ts';
import type { InputObject } from '../run/run.ts';
import { type Admitted, defined } from './admitted.ts';
import type { IngestDeps } from './deps.ts';
import { rejected, type Unadmitted, type Verdict } from './verdict.ts';

export interface Found {
  readonly object: InputObject;
  readonly head: ObjectHead;
}

/** How often is looked whether an object is back, should S3's word of it be lost. */
const lookAgainSeconds = 1800;
/** The slowest tier takes two days. */
const mostSeconds = 7 * 24 * 3600;

/** Has archived inputs brought back where the rule allows the cost; undefined once all can be read. */
export async function awaitRestored(
  { uploads, clock }: IngestDeps,
  run: Unadmitted,
  known: Admitted,
  found: readonly Found[],
): Promise<Verdict | undefined> {
  const archived = found.filter(({ head }) => head.archive !== undefined);
  const [first] = archived;
  if (first === undefined) return undefined;
  const { restore } = known.rule;
  const where = `${first.object.key} is archived (${first.head.storageClass ?? 'storage class not told'})`;
  if (restore === undefined)
    return rejected(
      `${where}, and rule "${known.rule.id}" does not allow to restore it, which costs money. Give the rule "restore": { "days": 3, "tier": "Standard" }, or restore the object and upload it again.`,
    );
  const now = clock();
  const askedAt = run.status === 'restoring' ? run.askedAt : new Date(now).toISOString();
  if (now > Date.parse(askedAt) + mostSeconds * 1000)
    return rejected(`${where} and was not restored within ${mostSeconds / 86_400} days. Look at it in S3.`);
  // Before the move: after a crash in between it is requested again, which changes nothing.
  for (const { object, head } of archived)
    if (head.archive === 'archived') await uploads.restore(object.key, { versionId: object.versionId, ...restore });
  const checkAfter = isoAfter(now, lookAgainSeconds);
  return { next: { status: 'restoring', askedAt, checkAfter, ...defined(changesOf(known)) } };
}

const changesOf = ({ upload, rule, input, variables, lineage }: Admitted) => ({
  upload,
  rule,
  input,
  variables,
  lineage,
});
