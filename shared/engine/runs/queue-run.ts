import type { Queue, Table } from '../../platform/ports.ts';
import { isOpen, type LoadedRun } from './agent-run.ts';
import { runKey } from './agent-run-items.ts';
import { renderMessage, webhookMessages } from './tasks.ts';

interface Deps {
  readonly table: Table;
  readonly queue: Queue;
}

/** Queues a run's tasks, and only then notes that they are queued: a crash between costs a repeat, which is harmless. */
export async function queueRun({ table, queue }: Deps, { run, renders }: LoadedRun): Promise<void> {
  if (run.status === 'running')
    await queue.send(...webhookMessages(run, 'RUN_STARTED'), ...renders.filter(isOpen).map(renderMessage));
  await table.write({ update: runKey(run.id), set: { queued: true } });
}

const settleMs = 30_000;

/**
 * A start that died between its two writes leaves a run that nobody works on. Whoever looks at it later puts that right,
 * so that a client which never got the answer still sees the run end.
 */
export async function queueIfForgotten(deps: Deps & { clock: () => number }, loaded: LoadedRun): Promise<void> {
  const { run } = loaded;
  if (run.queued || run.status !== 'running') return;
  if (deps.clock() - Date.parse(run.createdAt) > settleMs) await queueRun(deps, loaded);
}
