import { timingSafeEqual } from 'node:crypto';
import { type AgentRunEvent, knownFlags, parseWebhook } from '../../mosaic/webhook.ts';
import { webhookSecrets } from '../../mosaic/webhook-secrets.ts';
import type { Bucket, Queue } from '../../platform/ports.ts';
import type { RunDeps } from '../run/deps.ts';
import { isRunId, sha256 } from '../run/ids.ts';
import { wakeSettle } from '../run/messages.ts';
import { readRun } from '../run/move-run.ts';
import { redactLinksDeep } from '../run/redact.ts';
import { agentRunIdOf, isEnded, type Run } from '../run/run.ts';
import { type RunEvent, recordEvent, recordUnknown } from '../run/run-events.ts';

export interface WebhookDeps extends RunDeps {
  readonly settleQueue: Queue;
  /** For the parts of a report that are too long for the table. */
  readonly payloads: Bucket;
  /** One secret, or a JSON array of those accepted while one replaces the other. */
  readonly webhookSecret: () => Promise<string>;
}

export interface Callback {
  readonly runId: string;
  readonly signature?: string;
  /** As it came: verified before anything of it is read. */
  readonly body: Uint8Array;
}

/** What was stored is `accepted`, or `unknown-run`, or `unknown-event`; none of the three would be better if it came again. */
export type Received = 'accepted' | 'unknown-run' | 'unknown-event' | 'no-such-path' | 'too-large' | 'unauthorised';

/** As much as AWS hands to a function. A run whose report is longer is settled by asking, as when it is lost. */
const maxWebhookBytes = 6 * 1024 ** 2;

/** Stores what an agent run reports, and wakes settle, which believes nothing before it has asked. */
export async function receiveWebhook(deps: WebhookDeps, { runId, signature, body }: Callback): Promise<Received> {
  if (!isRunId(runId)) return 'no-such-path';
  if (body.byteLength > maxWebhookBytes) return 'too-large';
  if (!isOneOf(webhookSecrets(await deps.webhookSecret()), signature)) {
    deps.log.warn('webhook.unauthorised', { runId, signed: signature !== undefined });
    return 'unauthorised';
  }
  return storeReport(deps, runId, sha256(body), readReport(body));
}

async function storeReport(deps: WebhookDeps, runId: string, digest: string, report: Report): Promise<Received> {
  const { runs, log, payloads, settleQueue } = deps;
  const event: RunEvent = { ...report, receivedAt: new Date(deps.clock()).toISOString() };
  const { flag, agentRunId } = event;
  const isUnknown = !knownFlags.includes(flag);
  if (isUnknown) log.warn('webhook.unknown-event', { runId, flag });
  const run = await readRun(runs, runId);
  if (run === undefined) {
    log.warn('webhook.unknown-run', { runId, agentRunId, flag });
    await recordUnknown(runs, runId, digest, event, payloads);
    return 'unknown-run';
  }
  const ofAnother = tellsOfAnother(run, event);
  if (ofAnother) log.error('webhook.second-agent-run', { runId, agentRunId: agentRunIdOf(run), other: agentRunId });
  await record(deps, run, digest, ofAnother ? { ...event, ofAnother } : event);
  // A repeated report wakes settle again: the first may have been stored by a worker that stopped here.
  if (agentRunId !== undefined && !ofAnother) await wakeSettle(settleQueue, [runId]);
  return isUnknown ? 'unknown-event' : 'accepted';
}

/** One that comes after the end goes with the rest of the run's records, also where these got theirs in between. */
async function record({ runs, payloads }: WebhookDeps, run: Run, digest: string, event: RunEvent): Promise<void> {
  await recordEvent(runs, run.id, digest, event, { payloads, expiresAt: run.expiresAt });
  if (!isEnded(run) || run.expiresAt !== undefined) return;
  const expiresAt = (await readRun(runs, run.id))?.expiresAt;
  if (expiresAt !== undefined) await recordEvent(runs, run.id, digest, event, { payloads, expiresAt });
}

const tellsOfAnother = (run: Run, { agentRunId }: RunEvent): boolean =>
  agentRunId !== undefined && agentRunIdOf(run) !== undefined && agentRunIdOf(run) !== agentRunId;

type Report = Omit<AgentRunEvent, 'agentRunId'> & Pick<RunEvent, 'agentRunId' | 'body'>;

/** What nobody can read is kept as what it is: its sender would only send it again, and give us up in the end. */
function readReport(body: Uint8Array): Report {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    return { flag: 'UNREADABLE', statusMessage: `${body.byteLength} bytes that are not JSON` };
  }
  try {
    return known(parseWebhook(value), value);
  } catch {
    return { flag: 'UNKNOWN', body: kept(value) };
  }
}

function known(event: AgentRunEvent, value: unknown): Report {
  // A test of the address, which speaks of no run.
  if (event.flag === 'TEST') return { flag: event.flag, statusMessage: event.statusMessage };
  return knownFlags.includes(event.flag) ? event : { ...event, body: kept(value) };
}

const kept = (value: unknown): string => JSON.stringify(redactLinksDeep(value));

/** Compares digests, so that neither a length nor a first wrong letter shows in the time it takes. */
function isOneOf(secrets: readonly string[], signature = ''): boolean {
  const given = Buffer.from(sha256(signature), 'hex');
  const matches = secrets.map((secret) => timingSafeEqual(given, Buffer.from(sha256(secret), 'hex')));
  return matches.includes(true) && signature !== '';
}
