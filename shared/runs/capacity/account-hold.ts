import type { MosaicErrorKind } from '../../mosaic/errors.ts';
import { isoAfter } from '../../platform/iso-time.ts';
import type { Item, Write } from '../../platform/ports.ts';
import { accountHoldBackoff } from '../../retry.ts';
import type { RunDeps } from '../run/deps.ts';
import { holdKey } from '../run/run-items.ts';

/** While it lasts nothing is started on the account; afterwards one call is the probe, not all that wait. */
export interface Hold {
  readonly kind: string;
  readonly message: string;
  readonly until: string;
  /** In a row; each makes the next hold longer. */
  readonly refusals: number;
  /** The run whose start, or resume, is to show whether it may end. */
  readonly probe?: string;
}

export interface WhyHeld {
  readonly kind: MosaicErrorKind;
  readonly message: string;
  readonly retryAfterSeconds?: number;
  /** Whose call was refused. */
  readonly runId: string;
}

/** A probe that is never heard of again keeps others waiting no longer than this. */
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

/** Nothing was heard of the API for about a quarter of an hour by then. */
const worryingRefusals = 6;
const unreachable: ReadonlySet<string> = new Set(['network', 'timeout', 'server', 'unreadable']);

function nextHold(deps: RunDeps, before: Hold | undefined, why: WhyHeld): Hold {
  const now = deps.clock();
  // What a person must mend is not forgotten because something else goes wrong as well.
  const same =
    before !== undefined &&
    (before.kind === why.kind ||
      (unreachable.has(before.kind) && unreachable.has(why.kind)) ||
      (needsPerson.has(before.kind) && !needsPerson.has(why.kind)));
  if (same && isInForce(deps, before) && before.probe !== why.runId) {
    // A call that was under way when the hold began says nothing new.
    const asked = isoAfter(now, Math.min(maxAskedSeconds, why.retryAfterSeconds ?? 0));
    return { ...withoutKey(before), until: asked > before.until ? asked : before.until };
  }
  const refusals = same ? before.refusals + 1 : 1;
  // Room comes when a run ends, maybe somebody else's, which no longer wait foresees.
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

/** The probe told nothing about the hold: the next one may try at once. */
export async function endProbe({ runs, clock }: RunDeps, runId: string): Promise<void> {
  await runs.write({
    update: holdKey,
    set: { until: new Date(clock()).toISOString() },
    remove: ['probe'],
    if: { probe: runId },
  });
}

/** Ends the hold that this run's call was the probe of; says whether it was. */
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
 * 30 s, then double, up to a quarter of an hour; or as long as was asked for, up to an hour. A refused start costs
 * nothing, and whoever asks for more than that may be wrong.
 */
export function waitSeconds(refusals: number, askedSeconds = 0): number {
  return Math.min(maxAskedSeconds, Math.max(askedSeconds, accountHoldBackoff(refusals)));
}
