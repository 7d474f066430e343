import { Denied } from '../../errors.ts';
import { isoAfter } from '../../platform/iso-time.ts';
import { deniedUploadBackoff } from '../../retry.ts';
import type { RunDeps } from '../run/deps.ts';
import { sameState } from '../run/state-fields.ts';
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
  const times = (run.parked?.times ?? 0) + 1;
  const now = clock();
  const parked = { at: run.parked?.at ?? new Date(now).toISOString(), reason: message, times };
  const checkAfter = isoAfter(now, deniedUploadBackoff(times));
  return {
    next: { ...sameState(run), parked, checkAfter },
    afterwards: () => {
      const fields = { runId: run.id, bucket: run.upload.bucket, key: run.upload.key, reason: message };
      if (times === 1) log.error('upload.denied', fields);
      else log.warn('upload.denied', { ...fields, times });
    },
  };
}
