import type { Clock, Queue, Table } from '../../platform/ports.ts';
import { Refusal } from '../refusal.ts';
import { isOpen, type Render } from './agent-run.ts';
import { renderKey, roundOf } from './agent-run-items.ts';
import { existingRun } from './agent-runs.ts';
import { endRun } from './finish-agent-run.ts';
import { countNodes, nodeStates } from './node-status.ts';
import { webhookMessages } from './tasks.ts';

interface Deps {
  readonly table: Table;
  readonly queue: Queue;
  readonly clock: Clock;
}

/** The run's end comes first: a worker looks at its own render every second and stops. Cancelling twice is the same as once. */
export async function cancelAgentRun(
  deps: Deps,
  runId: string,
): Promise<{ tasksCancelled: number; nodesReset: number }> {
  const loaded = await existingRun(deps.table, runId);
  const isOurs = await endRun(deps, loaded, 'cancelled', 'Cancelled by request.');
  const { run, renders } = await existingRun(deps.table, runId);
  if (run.status !== 'cancelled')
    throw new Refusal(409, 'conflict', `Run ${runId} has ended already (${run.status}); there is nothing to cancel.`);
  const cancelled = await Promise.all(renders.filter(isOpen).map((render) => cancelRender(deps.table, render)));
  if (!run.told) await deps.queue.send(...webhookMessages(run, 'RUN_FINISHED'));
  return {
    tasksCancelled: cancelled.filter(Boolean).length,
    nodesReset: isOurs ? countNodes(nodeStates(loaded)).inProgress : 0,
  };
}

/** False when it ended, or began, in this very moment; the worker that began it sees that the run is over. */
async function cancelRender(table: Table, render: Render): Promise<boolean> {
  const { runId, index, status } = render;
  const asRead = { status, round: roundOf(render) };
  const written = await table.write({ update: renderKey(runId, index), set: { status: 'cancelled' }, if: asRead });
  return written.done;
}
