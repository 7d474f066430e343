import type { Item, Key, Write } from '../../platform/ports.ts';
import { allItems } from '../../platform/query-all.ts';
import type { RunDeps } from './deps.ts';
import { isEnded, type Run } from './run.ts';
import { companions, keyPk, listedType, runKey } from './run-items.ts';

export interface RetentionDeps extends RunDeps {
  /** Where outputs are delivered to. */
  readonly deliveries: { readonly name: string };
}

const daySeconds = 24 * 3600;
/** Written side by side. */
const atOnce = 10;

/**
 * Gives the records of a run that has ended their own end, where retention is bounded. For good stay its
 * claim, whose the agent run is, what its object was, and that it delivered: neither the same upload, nor a copy of it
 * onto itself, nor an output of ours must be paid for again.
 */
export async function expireRun(deps: RetentionDeps, run: Run): Promise<'expires' | 'stays'> {
  const expiresAt = expiryOf(deps, run);
  if (expiresAt === undefined) return 'stays';
  // Its own record first: what is reported of it from now on is written with the same end.
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

/** The first such move of a run; `wasOurs` finds it. */
const saysThatItDelivers = ({ type, from, to }: Item): boolean =>
  type === 'move' && (to === 'copying' || from === 'copying');

/** Whether a run of this id may have delivered something, also where its records have had their time. */
export const wasOurs = async ({ runs }: Pick<RunDeps, 'runs'>, runId: string): Promise<boolean> =>
  (await runs.query({ pk: `RUN#${runId}`, limit: 1 })).items.length > 0;

/** Epoch seconds at which the records of this run end; undefined while it is open, or where they stay for good. */
export function expiryOf({ retentionDays }: Pick<RunDeps, 'retentionDays'>, run: Run): number | undefined {
  if (retentionDays === undefined || !isEnded(run)) return undefined;
  const days = run.rule.notify === undefined ? retentionDays : Math.max(retentionDays, receiverDays);
  return Math.ceil(Date.parse(run.enteredAt ?? run.updatedAt) / 1000) + days * daySeconds;
}

/** A receiver that is away is asked for a day and four hours, each time with what the records say. */
export const receiverDays = 2;

/** What was refused may be worth another look once its metadata are others. */
const isWorthKnowing = ({ status, upload }: Run): boolean =>
  status !== 'ignored' && status !== 'rejected' && upload.etag !== undefined;

/** Beside the key, where `rewritten` looks. */
async function keepWhatItWas({ runs }: RunDeps, run: Run): Promise<void> {
  const { bucket, key, etag, size } = run.upload;
  await runs.write({ update: keyPlace(run, bucket, key), set: { etag, size, ruleId: run.rule.id }, if: {} });
}

/** Where lists find it: its rule's and the day's, and those of the keys that it read. */
function placesOf(run: Run): readonly Key[] {
  const { bucket, key } = run.upload;
  const inputs = run.input?.kind === 'objects' ? run.input.objects.map((object) => object.key) : [];
  const all = new Set([key, ...inputs]);
  if (isWorthKnowing(run)) all.delete(key);
  const keys = [...all].map((each) => keyPlace(run, bucket, each));
  return [...companions(run).filter(({ type }) => type === listedType), ...keys];
}

/** Those of the keys that one of its records names: of an output, or of all objects that it was to read. */
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
  // What is gone already needs no end.
  await Promise.all(writes.map((write) => runs.write(write)));
}
