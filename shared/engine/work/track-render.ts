import type { Log } from '../../log.ts';
import type { Clock, Queue, Table } from '../../platform/ports.ts';
import type { Render } from '../runs/agent-run.ts';
import { renderKey } from '../runs/agent-run-items.ts';
import type { Watcher } from './render-output.ts';

export interface TrackDeps {
  readonly table: Table;
  readonly queue: Queue;
  readonly clock: Clock;
  readonly log: Log;
  /** How often a render's progress is written, and with it looked up whether it is still wanted. Default 1000. */
  readonly trackEveryMs?: number;
  /** Aborted when this process is about to end: work stops, and its message waits for the next process. */
  readonly stopping?: AbortSignal;
}

export interface Tracker extends Watcher {
  stop(): Promise<void>;
}

interface Tracking {
  readonly worker: string;
  readonly receipt: string;
  /** Announces progress. */
  readonly tell: () => Promise<void>;
}

/** The render is no longer this worker's: it was cancelled, or another worker has taken it over. */
export class NotOurs extends Error {
  override name = 'NotOurs';
}

/**
 * How long a message stays hidden without a word from its worker. The queue's own setting has to cover the whole time
 * limit of a Lambda; shortened here and extended while we live, a worker that dies gives its message back in minutes.
 */
const hiddenSeconds = 120;
const extendEveryMs = 30_000;

/** Writes down how far a render is, keeps its message hidden, and stops it when it is no longer wanted. */
export function trackRender(deps: TrackDeps, render: Render, { worker, receipt, tell }: Tracking): Tracker {
  const { runId, index } = render;
  const controller = new AbortController();
  const at = { fetched: false, progress: 0, told: 0, extendedMs: 0 };
  let ticking = Promise.resolve();
  let telling: Promise<void> | undefined;
  const warn = (error: unknown) => deps.log.warn('render.track-failed', { agentRunId: runId, index, error });
  const tick = () => {
    ticking = ticking.then(touch).catch(warn);
  };
  tick();
  const timer = setInterval(tick, deps.trackEveryMs ?? 1000);
  return {
    signal: deps.stopping ? AbortSignal.any([controller.signal, deps.stopping]) : controller.signal,
    onFetched: () => {
      at.fetched = true;
      at.progress = Math.max(at.progress, fetchShare);
      tick();
    },
    onProgress: (fraction) => {
      at.progress = Math.max(at.progress, fetchShare + fraction * (1 - 2 * fetchShare));
    },
    stop: async () => {
      clearInterval(timer);
      await ticking;
      await telling;
    },
  };

  async function touch(): Promise<void> {
    if (controller.signal.aborted) return;
    const touchedAt = new Date(deps.clock()).toISOString();
    const written = await deps.table.write({
      update: renderKey(runId, index),
      set: { fetched: at.fetched, progress: at.progress, touchedAt },
      if: { status: 'running', worker },
    });
    if (!written.done) return controller.abort(new NotOurs('This render is no longer ours.'));
    if (Date.now() - at.extendedMs >= extendEveryMs) await extend();
    tellNews();
  }

  async function extend(): Promise<void> {
    await deps.queue.extend(receipt, hiddenSeconds);
    at.extendedMs = Date.now();
  }

  /** When the work begins, when the video is there, and at each tenth; one at a time, and nothing waits for it. */
  function tellNews(): void {
    const step = at.fetched ? 2 + Math.floor(at.progress * 10) : 1;
    if (step <= at.told || telling !== undefined) return;
    at.told = step;
    telling = tell()
      .catch(warn)
      .finally(() => {
        telling = undefined;
      });
  }
}

/** What fetching counts for in a render's progress, and storing. */
const fetchShare = 0.05;
