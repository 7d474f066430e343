import type { MosaicErrorKind } from '../../mosaic/errors.ts';
import { isoAfter } from '../../platform/iso-time.ts';
import type { Item, Write } from '../../platform/ports.ts';
import { accountHoldBackoff } from '../../retry.ts';
import type { RunDeps } from '../run/deps.ts';
import { holdKey } from '../run/run-items.ts';

/** Stops all starts on the account. When it expires, one call is sent as a probe before the others may start. */
export interface Hold {
  readonly kind: string;
  readonly message: string;
  readonly until: string;
  /** Consecutive refusals; each one makes the next hold longer. */
  readonly refusals: number;
  /** The run whose start or resume tests whether the hold can end. */
  readonly probe?: string;
}

export interface WhyHeld {
  readonly kind: MosaicErrorKind;
  readonly message: string;
  readonly retryAfterSeconds?: number;
  /** The run whose call was refused. */
  readonly runId: string;
}

/** A lost probe blocks other starts for this long at most. */
const probeSeconds = 300;

export async function readHold({ runs }: Pick<RunDeps, 'runs'>): Promise<Hold | undefined> {
  return (await runs.get(holdKey)) as (Item & Hold) | undefined;
}

export const isInForce = ({ clock }: Pick<RunDeps, 'clock'>, hold: Hold): boolean => Date.parse(hold.until) > clock();

/** The write that makes a run's call the probe of a hold whose time is over: only one can have it. */
export const probeWrite = ({ clock }: RunDeps, hold: Hold, runId: string): Write => ({
  update: holdKey,
  set: { probe: runId, until: isoAfter(clock(), probeSeconds) },
  if: { until: hold.until },
});

/** Stops all starts for a while; returns for how many seconds. */
export async function holdAccount(deps: RunDeps, why: WhyHeld): Promise<number> {
  for (;;) {
    const before = await readHold(deps);
    const hold = nextHold(deps, before, why);
    const put: Item = { ...holdKey, type: 'hold', ...hold };
    const written = await deps.runs.write({ put, if: before === undefined ? 'absent' : { until: before.until } });
    if (!written.done) continue;
    if (ringsFor(hold, before)) deps.log.error('account.held', { ...hold });
    else deps.log.warn('account.held', { ...hold });
    return (Date.parse(hold.until) - deps.clock()) / 1000;
  }
}

/** Alarms once, not each time that a hold is found to last: at once where a person must do something, else after a while. */
const ringsFor = (hold: Hold, before: Hold | undefined): boolean =>
  needsPerson.has(hold.kind)
    ? hold.kind !== before?.kind
    : unreachable.has(hold.kind) && hold.refusals === worryingRefusals && before?.refusals !== worryingRefusals;

/** By then the API has been unreachable for about 15 minutes. */
const worryingRefusals = 6;
const unreachable: ReadonlySet<string> = new Set(['network', 'timeout', 'server', 'unreadable']);

function nextHold(deps: RunDeps, before: Hold | undefined, why: WhyHeld): Hold {
  const now = deps.clock();
  // A cause that a person must fix is kept when another error follows.
  const same =
    before !== undefined &&
    (before.kind === why.kind ||
      (unreachable.has(before.kind) && unreachable.has(why.kind)) ||
      (needsPerson.has(before.kind) && !needsPerson.has(why.kind)));
  if (same && isInForce(deps, before) && before.probe !== why.runId) {
    // A call that was in flight when the hold began adds no information.
    const asked = isoAfter(now, Math.min(maxAskedSeconds, why.retryAfterSeconds ?? 0));
    return { ...withoutKey(before), until: asked > before.until ? asked : before.until };
  }
  const refusals = same ? before.refusals + 1 : 1;
  // Capacity returns when any run of the account ends, so a longer wait does not help.
  const steps = why.kind === 'concurrency' ? Math.min(refusals, 2) : refusals;
  const until = isoAfter(now, waitSeconds(steps, why.retryAfterSeconds));
  const { kind, message } = same ? before : why;
  return { kind, message, until, refusals };
}

const withoutKey = ({ kind, message, until, refusals, probe }: Hold): Hold => ({
  ...{ kind, message, until, refusals },
  ...(probe === undefined ? {} : { probe }),
});

const needsPerson: ReadonlySet<string> = new Set(['credits', 'unauthorised']);

/** Ends an inconclusive probe, so that another run may probe at once. */
export async function endProbe({ runs, clock }: RunDeps, runId: string): Promise<void> {
  await runs.write({
    update: holdKey,
    set: { until: new Date(clock()).toISOString() },
    remove: ['probe'],
    if: { probe: runId },
  });
}

/** Ends the hold if this run's call was its probe; returns whether it was. */
export async function probeSucceeded({ runs, log }: RunDeps, runId: string): Promise<boolean> {
  if ((await readHold({ runs }))?.probe !== runId) return false;
  const written = await runs.write({ delete: holdKey, if: { probe: runId } });
  if (written.done) log.info('account.released', { by: runId });
  return written.done;
}

export async function releaseAccount({ runs, log }: RunDeps): Promise<void> {
  const written = await runs.write({ delete: holdKey, if: {} });
  if (written.done) log.info('account.released');
}

const maxAskedSeconds = 3600;

/**
 * The backoff of the hold, or the API's Retry-After if that is longer, up to an hour. A refused start costs nothing, so an
 * implausibly long Retry-After is not obeyed.
 */
export function waitSeconds(refusals: number, askedSeconds = 0): number {
  return Math.min(maxAskedSeconds, Math.max(askedSeconds, accountHoldBackoff(refusals)));
}
