import type { Hold } from '../../../shared/runs/capacity/account-hold.ts';
import { type Pauses, pausedBecause } from '../../../shared/runs/capacity/pause.ts';
import { nextStepFor } from '../../../shared/runs/run/next-step.ts';
import type { Run, Waiting } from '../../../shared/runs/run/run.ts';
import { localTime } from '../print/layout.ts';

/** What keeps a waiting run from its start, beside a free slot. */
export interface Obstacles {
  readonly pauses: Pauses;
  readonly hold?: Hold;
  /** Which limit of the hour or the day is reached, in words. */
  readonly full?: string;
  readonly nowMs: number;
}

/** What comes next for a run and what a person can do: for an open run it depends on what is in its way now. */
export function operatorNextStep(run: Run, obstacles: Obstacles): string | undefined {
  switch (run.status) {
    case 'claimed':
      return run.parked === undefined
        ? 'It is looked at in a moment.'
        : `Fix what prevents reading it; it is tried again at ${localTime(run.checkAfter)}, or at once by: tessera resume ${run.id}`;
    case 'gathering':
      return `It waits until ${localTime(run.until)}.`;
    case 'restoring':
      return 'It goes on by itself once the archive has restored the object, which takes minutes or hours.';
    case 'waiting':
      return waitingFor(run, obstacles);
    case 'starting':
      return 'The API is being asked to begin.';
    case 'uncertain':
      return `The API is asked again at ${localTime(run.checkAfter)} whether it began; nothing is paid twice.`;
    case 'running':
      return run.cancelAsked === undefined
        ? `It is looked at again at ${localTime(run.checkAfter)} at the latest. To end it: tessera cancel ${run.id}`
        : 'Its agent run is being cancelled.';
    case 'copying':
      return 'It is delivered once all outputs are copied.';
    default:
      return nextStepFor(run);
  }
}

function waitingFor(run: Waiting, { pauses, hold, full, nowMs }: Obstacles): string {
  const pause = pausedBecause(pauses, run.rule);
  if (pause !== undefined)
    return `Starts are paused since ${localTime(pause.at)} (${pause.reason}). To go on: tessera resume${pause === pauses.all ? '' : ` --rule ${run.rule.of ?? run.rule.id}`}`;
  if (hold !== undefined && Date.parse(hold.until) > nowMs)
    return `The account starts nothing until ${localTime(hold.until)}: ${hold.message} To try at once: tessera resume`;
  if (run.notBefore !== undefined && Date.parse(run.notBefore) > nowMs)
    return `Not before ${localTime(run.notBefore)}.`;
  return full ?? 'It starts when a slot is free and those before it have started.';
}
