import { randomUUID } from 'node:crypto';
import { Missing, messageOf, PermanentError } from '../../errors.ts';
import { withoutLinkSecrets } from '../../log.ts';
import { type AgentRun, isOpen, type Output, type Render } from '../runs/agent-run.ts';
import { outputKey, renderKey } from '../runs/agent-run-items.ts';
import { existingRun, readSource } from '../runs/agent-runs.ts';
import { settleRun } from '../runs/finish-agent-run.ts';
import { sendWebhook, type WebhookDeps } from '../runs/send-callback.ts';
import type { RenderTask } from '../runs/tasks.ts';
import { type RenderDeps, renderOutput } from './render-output.ts';
import { NotOurs, type TrackDeps, trackRender } from './track-render.ts';

export interface DoRenderDeps extends RenderDeps, TrackDeps, WebhookDeps {
  /** How often a render may begin before it is given up; fewer than the queue's receives. Default 4. */
  readonly renderTries?: number;
}

export interface Delivery {
  readonly receipt: string;
  readonly receiveCount: number;
}

const defaultTries = 4;

/** Brings one render to its end, unless it has one. Throws when another delivery of the task should try again. */
export async function doRender(deps: DoRenderDeps, task: RenderTask, delivery: Delivery): Promise<void> {
  const { agentRunId, index, round } = task;
  const render = (await existingRun(deps.table, agentRunId)).renders[index];
  if (render === undefined) throw new Missing('This run has no such render.', { agentRunId, index });
  // The run was resumed since, and that has queued a task of its own.
  if (render.round !== round) return;
  if (!isOpen(render)) return settleRun(deps, agentRunId, true);
  if (isBeingDone(render, delivery, deps.clock())) return;
  const worker = randomUUID();
  if (!(await take(deps, render, worker))) throw new Error(`Render ${index} of ${agentRunId} changed hands just now.`);
  // Read after the render was taken: a cancel that did not see it taken has ended the run before this.
  const { run } = await existingRun(deps.table, agentRunId);
  const end = await (run.status === 'running' ? attempt(deps, run, render, worker, delivery) : cancelled);
  if (await write(deps, render, worker, end)) deps.log.info(`render.${end.status}`, { agentRunId, index });
  else await lost(deps, render);
  await settleRun(deps, agentRunId, false);
}

/**
 * A second message about a render that someone works on: theirs brings it to its end. A repeated delivery of the same
 * message is another matter: whoever had it has died.
 */
const isBeingDone = (render: Render, { receiveCount }: Delivery, nowMs: number): boolean =>
  render.status === 'running' && receiveCount === 1 && nowMs - Date.parse(render.touchedAt) < staleMs;
const staleMs = 150_000;

/** Takes the render for this worker. An earlier worker notices at its next write. */
async function take({ table, clock }: DoRenderDeps, render: Render, worker: string): Promise<boolean> {
  const written = await table.write({
    update: renderKey(render.runId, render.index),
    set: { status: 'running', worker, progress: 0, fetched: false, touchedAt: new Date(clock()).toISOString() },
    if: { status: render.status, worker: render.status === 'running' ? render.worker : null },
  });
  return written.done;
}

type End = { status: 'completed'; output: Output } | { status: 'failed'; message: string } | { status: 'cancelled' };
const cancelled = { status: 'cancelled' } as const;

async function attempt(
  deps: DoRenderDeps,
  run: AgentRun,
  render: Render,
  worker: string,
  { receipt, receiveCount }: Delivery,
): Promise<End> {
  const tries = deps.renderTries ?? defaultTries;
  if (receiveCount > tries)
    return failed(`The edit was begun ${tries} times and never came to an end: it may need more memory than there is.`);
  const { id: agentRunId } = run;
  const { index } = render;
  const tell = () => sendWebhook(deps, { kind: 'webhook', agentRunId, flag: 'RUN_PROGRESS', index, attempt: 1 });
  const tracker = trackRender(deps, render, { worker, receipt, tell });
  try {
    const source = await readSource(deps, agentRunId, render.inputIndex);
    if (source === undefined) throw new NotOurs('The run has ended.');
    return { status: 'completed', output: await renderOutput(deps, { run, render, source }, tracker) };
  } catch (error) {
    if (deps.stopping?.aborted) throw error;
    if (tracker.signal.aborted || error instanceof NotOurs) return lost(deps, render);
    if (!(error instanceof PermanentError) && receiveCount < tries) throw error;
    deps.log.warn('render.failed', { agentRunId, index, error });
    return failed(messageOf(error));
  } finally {
    await tracker.stop();
  }
}

const failed = (message: string): End => ({ status: 'failed', message: withoutLinkSecrets(message) });

/** Cancelled, or someone else's. While they are still at it the message must live on: they may die too. */
async function lost(deps: DoRenderDeps, { runId, index, round }: Render): Promise<End> {
  const { run, renders } = await existingRun(deps.table, runId);
  const isSame = (render: Render) => render.index === index && render.round === round;
  const isTheirs = run.status === 'running' && renders.some((render) => isSame(render) && isOpen(render));
  if (isTheirs) throw new NotOurs(`Render ${index} of ${runId} was taken over by another worker.`);
  return cancelled;
}

/** False when it is not this worker's any more; then what it made is not recorded. */
async function write({ table }: DoRenderDeps, render: Render, worker: string, end: End): Promise<boolean> {
  const { runId, index, outputId } = render;
  const set = end.status === 'completed' ? { status: end.status, output: { ...end.output } as never } : end;
  const pointer = { put: { ...outputKey(outputId), type: 'output', runId, index } };
  const written = await table.write(
    { update: renderKey(runId, index), set, remove: ['worker'], if: { status: 'running', worker } },
    ...(end.status === 'completed' ? [pointer] : []),
  );
  return written.done;
}
