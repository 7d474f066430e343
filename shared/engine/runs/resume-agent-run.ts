import type { Clock, Queue, Table, Write } from '../../platform/ports.ts';
import { Refusal } from '../refusal.ts';
import { type AgentRun, endingOf, type LoadedRun, type Render } from './agent-run.ts';
import { renderKey, roundOf, runKey, sourceKey } from './agent-run-items.ts';
import { existingRun, readSource } from './agent-runs.ts';
import { queueRun } from './queue-run.ts';
import { webhookMessages } from './tasks.ts';

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
  // A cancel may come when all is made and only the run's own end is not written yet.
  const isMade = requeued.length === 0;
  const written = await deps.table.write(...(isMade ? endOf(deps, loaded) : writesOf(loaded.run, requeued)));
  if (!written.done) throw conflict(`Run ${runId} changed just now. Look at it, and resume it if that is still meant.`);
  const resumed = await existingRun(deps.table, runId);
  if (isMade) await deps.queue.send(...webhookMessages(resumed.run, 'RUN_FINISHED'));
  else await queueRun(deps, resumed);
  return { run: resumed.run, requeued };
}

async function refuseUnlessResumable(deps: Deps, { run }: LoadedRun, requeued: readonly Render[]): Promise<void> {
  if (run.status !== 'failed' && run.status !== 'cancelled')
    throw conflict(`Run ${run.id} is ${run.status}; only one that failed or was cancelled can be resumed.`);
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

function endOf({ clock }: Deps, { run, renders }: LoadedRun): Write[] {
  const endedAt = new Date(clock()).toISOString();
  return [
    {
      update: runKey(run.id),
      set: { status: endingOf(renders), endedAt },
      remove: ['statusMessage', 'told'],
      if: { status: run.status, endedAt: run.status === 'running' ? '' : run.endedAt },
    },
    ...run.inputs.map((_, index): Write => ({ delete: sourceKey(run.id, index) })),
  ];
}

const conflict = (message: string): Refusal => new Refusal(409, 'conflict', message);
