import type { Hold } from '../../../shared/runs/capacity/account-hold.ts';
import { holdKey, pauseKey } from '../../../shared/runs/run/run-items.ts';
import type { Changed } from '../ports/table.ts';
import type { Worker } from '../worker.ts';
import type { Watched } from './watched.ts';

/** No start that is known to be in vain, or that a person has forbidden. */
export function holds({ table, scheduler, violated }: Watched) {
  let goneAtMs = 0;
  const heldBy = () => table().get(holdKey) as unknown as Hold | undefined;
  const isPaused = () => table().get(pauseKey()) !== undefined;
  return {
    noteHold({ before, after }: Changed): void {
      if (before?.type === 'hold' && after === undefined) goneAtMs = scheduler().now();
    },
    workerBorn(worker: Worker): void {
      const hold = heldBy();
      worker.facts.set('heldUntilMs', hold === undefined ? 0 : Date.parse(hold.until));
      worker.facts.set('paused', isPaused());
    },
    startCalled(worker: Worker, callbackUrl: string): void {
      const hold = heldBy();
      // Known when this worker began, and in force ever since; only the one call that is to probe it may be made.
      const isKnown = Number(worker.facts.get('heldUntilMs')) > scheduler().now() && goneAtMs < worker.bornMs;
      if (isKnown && hold !== undefined && !callbackUrl.endsWith(`/${hold.probe}`))
        violated('no start while the account is known to be held', `${worker.name}#${worker.id} called`);
      if (worker.facts.get('paused') === true && isPaused())
        violated('no start while paused', `${worker.name}#${worker.id} called`);
    },
  };
}
