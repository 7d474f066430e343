import type { Clock, Queue, Table } from '../platform/ports.ts';
import { type Ending, endingOf, isOpen, type LoadedRun, type Render } from './agent-run.ts';
import { loadRun } from './agent-runs.ts';
import { runKey, sourceKey } from './run-items.ts';
import { webhookMessages } from './tasks.ts';

interface Deps {
  readonly table: Table;
  readonly queue: Queue;
  readonly clock: Clock;
}

/**
 * Ends the run when no render of it is open any more. `again`: this render had ended before, so an earlier try may have
 * stopped between any two of these steps, and all of them are gone through again.
 */
export async function settleRun(deps: Deps, runId: string, again: boolean): Promise<void> {
  const loaded = await loadRun(deps.table, runId);
  if (loaded === undefined || loaded.renders.some(isOpen)) return;
  const isOurs = await endRun(deps, loaded, endingOf(loaded.renders), messageFor(loaded.renders));
  if (isOurs || again) await tellEnding(deps, runId);
}

/** Moves the run to its end if it is still running; its links are forgotten in the same moment. */
export async function endRun(deps: Deps, { run }: LoadedRun, ending: Ending, statusMessage?: string): Promise<boolean> {
  const endedAt = new Date(deps.clock()).toISOString();
  const written = await deps.table.write(
    { update: runKey(run.id), set: { status: ending, endedAt, statusMessage }, if: { status: 'running' } },
    ...run.inputs.map((_, index) => ({ delete: sourceKey(run.id, index) })),
  );
  return written.done;
}

/** Queues RUN_FINISHED until it has been told. */
export async function tellEnding(deps: Deps, runId: string): Promise<void> {
  const run = (await loadRun(deps.table, runId))?.run;
  if (run && run.status !== 'running' && !run.told) await deps.queue.send(...webhookMessages(run, 'RUN_FINISHED'));
}

function messageFor(renders: readonly Render[]): string | undefined {
  const failed = renders.filter((render) => render.status === 'failed');
  const [first] = failed;
  if (first === undefined) return undefined;
  return renders.length === 1
    ? first.message
    : `${failed.length} of ${renders.length} outputs failed. ${first.message}`;
}
