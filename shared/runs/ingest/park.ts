import { Denied } from '../../errors.ts';
import { asItIs } from '../control/as-it-is.ts';
import type { RunDeps } from '../move-run.ts';
import type { NextState } from '../run.ts';
import type { Unadmitted, Verdict } from './verdict.ts';

/**
 * Access denied is our fault, not the uploader's: the run stays where it is, one alarm is raised, and it is tried again
 * after a growing wait until the permission is mended. No message is used up by waiting.
 */
export async function parked(
  deps: RunDeps,
  run: Unadmitted,
  judge: () => Promise<Verdict | 'stays'>,
): Promise<Verdict | 'stays'> {
  try {
    return await judge();
  } catch (error) {
    if (!(error instanceof Denied)) throw error;
    return park(deps, run, error);
  }
}

function park({ clock, log }: RunDeps, run: Unadmitted, { message }: Denied): Verdict {
  const before = run.status === 'claimed' ? run.parked : undefined;
  const times = (before?.times ?? 0) + 1;
  const now = clock();
  const waitSeconds = run.status === 'claimed' ? Math.min(3600, 60 * 2 ** (times - 1)) : 900;
  const checkAfter = new Date(now + waitSeconds * 1000).toISOString();
  const tell = () => {
    const fields = { runId: run.id, bucket: run.upload.bucket, key: run.upload.key, reason: message };
    if (times === 1) log.error('upload.denied', fields);
    else log.warn('upload.denied', { ...fields, times });
  };
  if (run.status !== 'claimed') return { next: { ...asItIs(run), checkAfter } as NextState, afterwards: tell };
  const at = before?.at ?? new Date(now).toISOString();
  return { next: { status: 'claimed', parked: { at, reason: message, times }, checkAfter }, afterwards: tell };
}
