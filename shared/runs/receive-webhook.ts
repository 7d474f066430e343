import { timingSafeEqual } from 'node:crypto';
import { type AgentRunEvent, parseWebhook } from '../mosaic/webhook.ts';
import type { Queue } from '../platform/ports.ts';
import { isRunId, sha256 } from './ids.ts';
import { wakeSettle } from './messages.ts';
import { type RunDeps, readRun } from './move-run.ts';
import { recordEvent, recordUnknown } from './run-events.ts';

export interface WebhookDeps extends RunDeps {
  readonly settleQueue: Queue;
  /** One secret, or a JSON array of those accepted while one replaces the other. */
  readonly webhookSecret: () => Promise<string>;
}

export interface Callback {
  readonly runId: string;
  readonly signature?: string;
  /** As it came: verified before anything of it is read. */
  readonly body: Uint8Array;
}

export type Received = 'accepted' | 'unknown-run' | 'no-such-path' | 'too-large' | 'unauthorised' | 'unreadable';

export const maxWebhookBytes = 1024 ** 2;

/** Stores what an agent run reports, and wakes settle, which believes nothing before it has asked. */
export async function receiveWebhook(deps: WebhookDeps, { runId, signature, body }: Callback): Promise<Received> {
  if (!isRunId(runId)) return 'no-such-path';
  if (body.byteLength > maxWebhookBytes) return 'too-large';
  if (!isOneOf(secretsIn(await deps.webhookSecret()), signature)) return 'unauthorised';
  const event = readEvent(body);
  if (event === undefined) return 'unreadable';
  return storeEvent(deps, runId, sha256(body), event);
}

async function storeEvent(deps: WebhookDeps, runId: string, digest: string, event: AgentRunEvent): Promise<Received> {
  const receivedAt = new Date(deps.clock()).toISOString();
  const run = await readRun(deps.runs, runId);
  if (run === undefined) {
    deps.log.warn('webhook.unknown-run', { runId, agentRunId: event.agentRunId, flag: event.flag });
    await recordUnknown(deps.runs, runId, digest, { ...event, receivedAt });
    return 'unknown-run';
  }
  if ('agentRunId' in run && run.agentRunId !== undefined && run.agentRunId !== event.agentRunId)
    deps.log.error('webhook.second-agent-run', { runId, agentRunId: run.agentRunId, other: event.agentRunId });
  await recordEvent(deps.runs, runId, digest, { ...event, receivedAt });
  // A repeated report wakes settle again: the first may have been stored by a worker that stopped here.
  await wakeSettle(deps.settleQueue, [runId]);
  return 'accepted';
}

/** Compares digests, so that neither a length nor a first wrong letter shows in the time it takes. */
function isOneOf(secrets: readonly string[], signature = ''): boolean {
  const given = Buffer.from(sha256(signature), 'hex');
  const matches = secrets.map((secret) => timingSafeEqual(given, Buffer.from(sha256(secret.trim()), 'hex')));
  return matches.includes(true) && signature !== '';
}

function secretsIn(value: string): readonly string[] {
  try {
    const list: unknown = JSON.parse(value);
    if (Array.isArray(list))
      return list.filter((secret): secret is string => typeof secret === 'string' && secret !== '');
  } catch {
    // A secret that is not JSON is one secret.
  }
  return value === '' ? [] : [value];
}

function readEvent(body: Uint8Array): AgentRunEvent | undefined {
  try {
    return parseWebhook(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body)));
  } catch {
    return undefined;
  }
}
