import type { Clock, Table } from '../../platform/ports.ts';
import { type Ending, endingOf, isOpen, type LoadedRun, type Render } from './agent-run.ts';
import { runKey, sourceKey } from './agent-run-items.ts';
import { loadRun } from './agent-runs.ts';
import { sendWebhook, type WebhookDeps } from './send-callback.ts';

interface Deps {
  readonly table: Table;
  readonly clock: Clock;
}

/**
 * Ends the run when no render of it is open any more. `again`: this render had ended before, so an earlier try may have
 * stopped between any two of these steps, and all of them are gone through again.
 */
export async function settleRun(deps: Deps & WebhookDeps, runId: string, again: boolean): Promise<void> {
  const loaded = await loadRun(deps.table, runId);
  if (loaded === undefined || loaded.renders.some(isOpen)) return;
  const isOurs = await endRun(deps, loaded, endingOf(loaded.renders), messageFor(loaded.renders));
  // Told from here, because in the queue the news might wait behind another render. What fails is queued.
  if (isOurs || again)
    await sendWebhook(deps, { kind: 'webhook', agentRunId: runId, flag: 'RUN_FINISHED', attempt: 1 });
}

/**
 * Moves the run to its end if it is still running. Its links are forgotten in the same moment, unless it may be resumed:
 * then they are kept for as long as links live.
 */
export async function endRun(deps: Deps, { run }: LoadedRun, ending: Ending, statusMessage?: string): Promise<boolean> {
  const endedAt = new Date(deps.clock()).toISOString();
  const isResumable = ending === 'failed' || ending === 'cancelled';
  const written = await deps.table.write(
    { update: runKey(run.id), set: { status: ending, endedAt, statusMessage }, if: { status: 'running' } },
    ...(isResumable ? [] : run.inputs.map((_, index) => ({ delete: sourceKey(run.id, index) }))),
  );
  return written.done;
}

function messageFor(renders: readonly Render[]): string | undefined {
  const failed = renders.filter((render) => render.status === 'failed');
  const [first] = failed;
  if (first === undefined) return undefined;
  return renders.length === 1
    ? first.message
    : `${failed.length} of ${renders.length} outputs failed. ${first.message}`;
}
