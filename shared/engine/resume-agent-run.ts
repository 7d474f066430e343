import type { Clock, Queue, Table, Write } from '../platform/ports.ts';
import type { AgentRun, LoadedRun, Render } from './agent-run.ts';
import { existingRun, readSource } from './agent-runs.ts';
import { queueRun } from './queue-run.ts';
import { Refusal } from './refusal.ts';
import { renderKey, roundOf, runKey } from './run-items.ts';

interface Deps {
  readonly table: Table;
  readonly queue: Queue;
  readonly clock: Clock;
}

export interface Resumed {
  readonly run: AgentRun;
  readonly requeued: readonly Render[];
}

/**
 * Goes on with a run that failed or was cancelled: what it has made stays, everything else is done again. Of several
 * that ask at once one is answered; should it die before the work is queued, whoever looks at the run next queues it.
 */
export async function resumeAgentRun(deps: Deps, runId: string): Promise<Resumed> {
  const loaded = await existingRun(deps.table, runId);
  const requeued = loaded.renders.filter((render) => render.status !== 'completed');
  await refuseUnlessResumable(deps, loaded, requeued);
  const written = await deps.table.write(...writesOf(loaded.run, requeued));
  if (!written.done) throw conflict(`Run ${runId} changed just now. Look at it, and resume it if that is still meant.`);
  const resumed = await existingRun(deps.table, runId);
  await queueRun(deps, resumed);
  return { run: resumed.run, requeued };
}

async function refuseUnlessResumable(deps: Deps, { run }: LoadedRun, requeued: readonly Render[]): Promise<void> {
  if (run.status !== 'failed' && run.status !== 'cancelled')
    throw conflict(`Run ${run.id} is ${run.status}; only one that failed or was cancelled can be resumed.`);
  if (requeued.length === 0) throw conflict(`Run ${run.id} has made all of its outputs: there is nothing to resume.`);
  const inputs = new Set(requeued.map(({ inputIndex }) => inputIndex));
  const sources = await Promise.all([...inputs].map((index) => readSource(deps, run.id, index)));
  if (sources.includes(undefined))
    throw conflict(`Run ${run.id} is too old: the links of its videos are no longer kept. Start a new run.`);
}

/** One transaction, held to the very ending that was read. */
function writesOf(run: AgentRun, requeued: readonly Render[]): Write[] {
  const endedAt = run.status === 'running' ? '' : run.endedAt;
  return [
    {
      update: runKey(run.id),
      set: { status: 'running', queued: false },
      remove: ['endedAt', 'statusMessage', 'told'],
      if: { status: run.status, endedAt },
    },
    ...requeued.map(
      (render): Write => ({
        update: renderKey(render.runId, render.index),
        set: { status: 'queued', fetched: false, round: render.round + 1 },
        remove: ['worker', 'progress', 'touchedAt', 'message'],
        if: { status: render.status, round: roundOf(render) },
      }),
    ),
  ];
}

const conflict = (message: string): Refusal => new Refusal(409, 'conflict', message);
