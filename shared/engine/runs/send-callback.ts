import { messageOf, PermanentError } from '../../errors.ts';
import type { Log } from '../../log.ts';
import type { WebhookPayload } from '../../mosaic/schemas.ts';
import { webhookSecrets } from '../../mosaic/webhook-secrets.ts';
import { postJson } from '../../platform/links.ts';
import type { Bucket, Queue, Table } from '../../platform/ports.ts';
import { callbackPausesSeconds } from '../../retry.ts';
import { type AgentRun, type LoadedRun, progressOf } from './agent-run.ts';
import { runKey } from './agent-run-items.ts';
import { existingRun } from './agent-runs.ts';
import { countsOf, inputsOf, statusReport, updatedNodes } from './report.ts';
import type { WebhookTask } from './tasks.ts';

export interface WebhookDeps {
  readonly table: Table;
  readonly bucket: Bucket;
  readonly queue: Queue;
  readonly log: Log;
  readonly trustedHosts: readonly string[];
  /** Sent in `X-Mosaic-Signature`; of a JSON list of secrets the last, which is the newest. */
  readonly webhookSecret: () => Promise<string | undefined>;
  /** The pauses before the second, third and fourth try. */
  readonly webhookPausesSeconds?: readonly number[];
}

const timeoutMs = 30_000;

/** Tells the run's callback what happened, as things are at this moment. Whether it listens never changes the run. */
export async function sendWebhook(deps: WebhookDeps, task: WebhookTask): Promise<void> {
  const { agentRunId, flag, attempt } = task;
  const loaded = await existingRun(deps.table, agentRunId);
  const { run } = loaded;
  const payload = isDue(run, flag) ? await payloadOf(deps.bucket, loaded, task) : undefined;
  if (run.callbackUrl === undefined || payload === undefined) return;
  const failure = await deliver(deps, run.callbackUrl, payload);
  const pause = (deps.webhookPausesSeconds ?? callbackPausesSeconds)[attempt - 1];
  if (failure?.retry && pause !== undefined) {
    deps.log.warn('webhook.will-retry', { agentRunId, flag, attempt, reason: failure.reason });
    return deps.queue.send({ body: { ...task, attempt: attempt + 1 }, delaySeconds: pause });
  }
  if (failure) deps.log.warn('webhook.given-up', { agentRunId, flag, attempt, reason: failure.reason });
  // Of this ending: a run that was resumed meanwhile will end, and tell, once more.
  if (flag === 'RUN_FINISHED' && run.status !== 'running')
    await deps.table.write({ update: runKey(agentRunId), set: { told: true }, if: { endedAt: run.endedAt } });
}

/** Progress of a run that has ended is no news; its ending is told once. */
function isDue(run: AgentRun, flag: WebhookTask['flag']): boolean {
  if (flag === 'RUN_PROGRESS') return run.status === 'running';
  return flag === 'RUN_STARTED' || (run.status !== 'running' && !run.told);
}

async function payloadOf(bucket: Bucket, loaded: LoadedRun, task: WebhookTask): Promise<WebhookPayload | undefined> {
  const { id: run_id, agentId: agent_id } = loaded.run;
  const common = { agent_id, run_id, node_status_counts: countsOf(loaded), triggered_by: null };
  switch (task.flag) {
    case 'RUN_STARTED':
      return { flag: task.flag, ...common, status: 'running', inputs: await inputsOf(bucket, loaded) };
    case 'RUN_PROGRESS': {
      const updated_nodes = await updatedNodes(bucket, loaded, task.index ?? 0);
      return { flag: task.flag, ...common, status: 'running', progress: progressOf(loaded), updated_nodes };
    }
    case 'RUN_FINISHED': {
      const { status, status_message, needs_credits, errors, inputs, outputs } = await statusReport(bucket, loaded);
      if (status === 'running') return undefined;
      return { flag: task.flag, ...common, status, status_message, needs_credits, errors, inputs, outputs };
    }
  }
}

interface Failure {
  readonly reason: string;
  readonly retry: boolean;
}

async function deliver(deps: WebhookDeps, url: string, payload: WebhookPayload): Promise<Failure | undefined> {
  const secret = webhookSecrets((await deps.webhookSecret()) ?? '').at(-1);
  const headers: Record<string, string> = secret === undefined ? {} : { 'X-Mosaic-Signature': secret };
  try {
    const { status } = await postJson(url, payload, { headers, trustedHosts: deps.trustedHosts, timeoutMs });
    return status >= 200 && status < 300 ? undefined : { reason: `answered ${status}`, retry: true };
  } catch (error) {
    return { reason: messageOf(error), retry: !(error instanceof PermanentError) };
  }
}
