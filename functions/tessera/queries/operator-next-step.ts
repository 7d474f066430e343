import type { Hold } from '../../../shared/runs/capacity/account-hold.ts';
import { type Pauses, pausedBecause } from '../../../shared/runs/capacity/pause.ts';
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

/** What comes next for a run, and what a person can do; undefined where nothing does. */
export function nextStepOf(run: Run, obstacles: Obstacles): string | undefined {
  switch (run.status) {
    case 'claimed':
      return run.parked === undefined
        ? 'It is looked at in a moment.'
        : `Mend what keeps us from reading it; it is tried again at ${localTime(run.checkAfter)}, or at once by: tessera resume ${run.id}`;
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
    case 'paused':
      return `Once the account has credits it goes on by itself, or at once by: tessera resume ${run.id}`;
    case 'copying':
      return 'It is delivered once all outputs are copied.';
    case 'failed':
    case 'cancelled':
    case 'rejected':
      return run.nextRunId === undefined ? anotherAttempt(run) : `Its next attempt: tessera show ${run.nextRunId}`;
    case 'delivered':
      if (run.undelivered !== undefined && run.nextRunId === undefined) return deliveredAnew(run.id);
      return run.partial && run.nextRunId === undefined
        ? `For another attempt, paid for again: tessera retry ${run.id}`
        : undefined;
    case 'ignored':
      return undefined;
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

function anotherAttempt(run: Run & { status: 'failed' | 'cancelled' | 'rejected' }): string {
  if (run.status === 'failed' && run.failure === 'unanswered')
    return `Look whether the API ran it. Only if it never began: tessera retry ${run.id} --never-began`;
  if (run.status === 'failed' && run.undelivered !== undefined) return deliveredAnew(run.id);
  if (run.status === 'rejected')
    return `A mended file, uploaded again, has a run of its own. Where something else is mended (its sidecar, its group, the budget): tessera retry ${run.id}`;
  return `For another attempt: tessera retry ${run.id}`;
}

const deliveredAnew = (runId: string): string =>
  `What its agent made is there: to deliver it again, without paying: tessera redrive ${runId}. For another edit, paid for again: tessera retry ${runId}`;
