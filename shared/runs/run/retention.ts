import type { Item, Key, Write } from '../../platform/ports.ts';
import { allItems } from '../../platform/query-all.ts';
import type { RunDeps } from './deps.ts';
import { isEnded, type Run } from './run.ts';
import { companions, keyPk, listedType, runKey } from './run-items.ts';

export interface RetentionDeps extends RunDeps {
  /** The deliveries bucket. */
  readonly deliveries: { readonly name: string };
}

const daySeconds = 24 * 3600;
/** How many items are written at once. */
const atOnce = 10;

/**
 * Sets when the records of an ended run expire, if retention is limited. Its claim, the owner of its agent run, its
 * object's identity and the mark that it delivered are kept for ever: the same upload, a copy of it onto itself and our
 * own outputs must never be paid for again.
 */
export async function expireRun(deps: RetentionDeps, run: Run): Promise<'expires' | 'stays'> {
  const expiresAt = expiryOf(deps, run);
  if (expiresAt === undefined) return 'stays';
  // The run's own record first: reports that arrive from now on expire with it.
  await expire(deps, [runKey(run.id)], expiresAt);
  if (isWorthKnowing(run)) await keepWhatItWas(deps, run);
  const keys: Key[] = [...placesOf(run)];
  let isMarked = false;
  for await (const item of allItems(deps.runs, { pk: `RUN#${run.id}` })) {
    const isMark: boolean = !isMarked && saysThatItDelivers(item);
    isMarked ||= isMark;
    keys.push(...(isMark ? [] : [item]), ...placesIn(deps, run, item));
    if (keys.length >= atOnce) await expire(deps, keys.splice(0), expiresAt);
  }
  await expire(deps, keys, expiresAt);
  return 'expires';
}

/** A run's move to copying; `wasOurs` finds it. */
const saysThatItDelivers = ({ type, from, to }: Item): boolean =>
  type === 'move' && (to === 'copying' || from === 'copying');

/** Whether a run with this id may have delivered something, even if its records have expired. */
export const wasOurs = async ({ runs }: Pick<RunDeps, 'runs'>, runId: string): Promise<boolean> =>
  (await runs.query({ pk: `RUN#${runId}`, limit: 1 })).items.length > 0;

/** Epoch seconds at which the records of this run expire; undefined while it is open or if they are kept for ever. */
export function expiryOf({ retentionDays }: Pick<RunDeps, 'retentionDays'>, run: Run): number | undefined {
  if (retentionDays === undefined || !isEnded(run)) return undefined;
  const days = run.rule.notify === undefined ? retentionDays : Math.max(retentionDays, receiverDays);
  return Math.ceil(Date.parse(run.enteredAt ?? run.updatedAt) / 1000) + days * daySeconds;
}

/** Webhooks are retried for 28 hours, and each attempt reads the records. */
export const receiverDays = 2;

/** A refused upload may be judged again after its metadata change. */
const isWorthKnowing = ({ status, upload }: Run): boolean =>
  status !== 'ignored' && status !== 'rejected' && upload.etag !== undefined;

/** Beside the key, where `rewritten` looks. */
async function keepWhatItWas({ runs }: RunDeps, run: Run): Promise<void> {
  const { bucket, key, etag, size } = run.upload;
  await runs.write({ update: keyPlace(run, bucket, key), set: { etag, size, ruleId: run.rule.id }, if: {} });
}

/** The items by which lists find the run: by rule, by day and by key. */
function placesOf(run: Run): readonly Key[] {
  const { bucket, key } = run.upload;
  const inputs = run.input?.kind === 'objects' ? run.input.objects.map((object) => object.key) : [];
  const all = new Set([key, ...inputs]);
  if (isWorthKnowing(run)) all.delete(key);
  const keys = [...all].map((each) => keyPlace(run, bucket, each));
  return [...companions(run).filter(({ type }) => type === listedType), ...keys];
}

/** The key items that one of its records names: for an output, or for all its inputs. */
function placesIn({ deliveries }: RetentionDeps, run: Run, { type, key, keys }: Item): readonly Key[] {
  if (type === 'output' && typeof key === 'string') return [keyPlace(run, deliveries.name, key)];
  if (type !== 'inputs' || !Array.isArray(keys)) return [];
  return keys.map((each) => keyPlace(run, run.upload.bucket, String(each)));
}

const keyPlace = ({ createdAt, id }: Run, bucket: string, key: string): Key => ({
  pk: keyPk(bucket, key),
  sk: `${createdAt}#${id}`,
});

async function expire({ runs }: RunDeps, keys: readonly Key[], expiresAt: number): Promise<void> {
  const writes = keys.map(({ pk, sk }): Write => ({ update: { pk, sk }, set: { expiresAt }, if: {} }));
  // A missing item needs no expiry.
  await Promise.all(writes.map((write) => runs.write(write)));
}
