import type { MosaicErrorKind } from '../mosaic/errors.ts';
import type { Item } from '../platform/ports.ts';
import type { RunDeps } from './move-run.ts';
import { holdKey } from './run-items.ts';

/** While it lasts nothing is started on the account; afterwards one start is the probe, not all that wait. */
export interface Hold {
  readonly kind: string;
  readonly message: string;
  readonly until: string;
  /** In a row; each makes the next hold longer. */
  readonly refusals: number;
}

export interface WhyHeld {
  readonly kind: MosaicErrorKind;
  readonly message: string;
  readonly retryAfterSeconds?: number;
}

export async function readHold({ runs }: Pick<RunDeps, 'runs'>): Promise<Hold | undefined> {
  return (await runs.get(holdKey)) as (Item & Hold) | undefined;
}

/** Stops all starts for a while; returns for how many seconds. */
export async function holdAccount(deps: RunDeps, why: WhyHeld): Promise<number> {
  const before = await readHold(deps);
  const refusals = before?.kind === why.kind ? before.refusals + 1 : 1;
  // Room comes when a run ends, maybe somebody else's, which no longer wait foresees.
  const steps = why.kind === 'concurrency' ? Math.min(refusals, 2) : refusals;
  const seconds = waitSeconds(steps, why.retryAfterSeconds);
  const hold: Hold = {
    kind: why.kind,
    message: why.message,
    until: new Date(deps.clock() + seconds * 1000).toISOString(),
    refusals,
  };
  await deps.runs.write({ put: { ...holdKey, type: 'hold', ...hold } });
  // Alarms once: when the hold begins, not each time that it is found to last.
  if (refusals === 1 && needsPerson.has(why.kind)) deps.log.error('account.held', { ...hold });
  else deps.log.warn('account.held', { ...hold });
  return seconds;
}

const needsPerson: ReadonlySet<string> = new Set(['credits', 'unauthorised']);

export async function releaseAccount({ runs, log }: RunDeps): Promise<void> {
  await runs.write({ delete: holdKey });
  log.info('account.released');
}

/**
 * 30 s, then double, up to a quarter of an hour; or as long as was asked for, up to an hour. A refused start costs
 * nothing, and whoever asks for more than that may be wrong.
 */
export function waitSeconds(refusals: number, askedSeconds = 0): number {
  const backoffSeconds = Math.min(900, 30 * 2 ** Math.min(refusals - 1, 10));
  return Math.min(3600, Math.max(askedSeconds, backoffSeconds));
}
