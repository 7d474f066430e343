import type { Run, RunStatus } from '../../../shared/runs/run/run.ts';
import { companions, listedType } from '../../../shared/runs/run/run-items.ts';
import type { Watched } from './watched.ts';

/** As they are drawn in docs/how-it-works.md: the code's own table of moves would not show that it is wrong. */
const drawnMoves: Readonly<Record<RunStatus, readonly RunStatus[]>> = {
  claimed: ['ignored', 'rejected', 'gathering', 'restoring', 'waiting', 'failed', 'cancelled'],
  gathering: ['ignored', 'rejected', 'restoring', 'waiting', 'failed', 'cancelled'],
  restoring: ['waiting', 'rejected', 'failed', 'cancelled'],
  waiting: ['starting', 'failed', 'cancelled'],
  starting: ['running', 'uncertain', 'waiting', 'failed', 'cancelled'],
  uncertain: ['running', 'waiting', 'failed', 'cancelled'],
  running: ['copying', 'paused', 'failed', 'cancelled'],
  paused: ['running', 'failed', 'cancelled'],
  copying: ['delivered', 'failed', 'cancelled'],
  ...{ ignored: [], rejected: [], delivered: [], failed: [], cancelled: [] },
};

/** How a run may change, and what must be written with it. */
export function movesOf({ table, violated }: Watched) {
  return {
    check(before: Run | undefined, after: Run): void {
      checkMove(before, after);
      checkCompanions(before, after);
    },
  };

  function checkMove(before: Run | undefined, after: Run): void {
    if (before === undefined) {
      if (after.revision !== 1) violated('a run begins at revision 1', `${after.id} began at ${after.revision}`);
      return;
    }
    if (before.status !== after.status && !drawnMoves[before.status].includes(after.status))
      violated('no move backwards', `${after.id} went from ${before.status} to ${after.status}`);
    if (after.revision !== before.revision + 1)
      violated('every write of a run counts', `${after.id} went from ${before.revision} to ${after.revision}`);
    // A group is called after its first member, whichever came first.
    const fixed = (run: Run) => [
      run.id,
      run.rule.id,
      run.attempt,
      run.createdAt,
      before.status === 'gathering' || run.upload.key,
      run.previousRunId,
    ];
    if (fixed(before).join() !== fixed(after).join()) violated('what a run is never changes', after.id);
    const progress = (run: Run) => ('progress' in run ? run.progress : 0);
    if (after.status === 'running' && progress(after) < progress(before))
      violated('progress never falls', `${after.id}: ${progress(before)} to ${progress(after)}`);
  }

  /** A slot, lock, queue place or pointer is there exactly while the run's state says so. */
  function checkCompanions(before: Run | undefined, after: Run): void {
    const wanted = companions(after).filter(({ type }) => type !== listedType);
    for (const { pk, sk, type } of wanted) {
      // It leads to the run that delivers anew, once there is one.
      if (type === 'agent-run' && after.nextRunId !== undefined) continue;
      if (table().get({ pk, sk })?.runId !== after.id)
        violated('what a run holds is written with it', `${after.id} is ${after.status} without ${pk}/${sk}`);
    }
    const names = new Set(wanted.map(({ pk, sk }) => `${pk}/${sk}`));
    for (const { pk, sk } of before === undefined ? [] : companions(before))
      if (!names.has(`${pk}/${sk}`) && table().get({ pk, sk })?.runId === after.id && !pk.startsWith('RULE#'))
        violated('what a run no longer needs is given back', `${after.id} is ${after.status} and keeps ${pk}/${sk}`);
  }
}
