import type { AgentRunEvent } from '../../mosaic/webhook.ts';
import type { Bucket, Item, Json, Key, Table } from '../../platform/ports.ts';
import { allItems } from '../../platform/query-all.ts';
import { readText } from '../../platform/read-text.ts';
import { redactLinks, redactLinksDeep } from './redact.ts';
import { eventKey } from './run-items.ts';

/** A report about a run, without its links. */
export type RunEvent = Omit<AgentRunEvent, 'agentRunId'> & {
  readonly agentRunId?: string;
  readonly receivedAt: string;
  /** The report names another agent run than the one that this run started. */
  readonly ofAnother?: boolean;
  /** An unknown report, complete, as JSON. */
  readonly body?: string;
  /** The key of the object that holds the payload, if it is too long for the table. */
  readonly payloadKey?: string;
};

const unknownRunSeconds = 30 * 24 * 3600;
/** An item holds at most 400 KB, and the other fields of an event are short. */
const maxDetailBytes = 300_000;

/** Stores each distinct report once. If the run's records expire, a late report expires with them. */
export async function recordEvent(
  table: Table,
  runId: string,
  digest: string,
  event: RunEvent,
  { payloads, expiresAt }: { readonly payloads?: Bucket; readonly expiresAt?: number } = {},
): Promise<void> {
  const fields = await storableFields(runId, digest, event, payloads);
  const put: Item = { ...eventKey(runId, digest), type: 'event', expiresAt, ...fields };
  const written = await table.write({ put, if: 'absent' });
  const before = written.done ? undefined : written.conflicts[0]?.existing;
  if (before === undefined || before.expiresAt !== undefined || expiresAt === undefined) return;
  await table.write({ put: { ...before, expiresAt }, if: {} });
}

/** A report for an unknown run is kept for a month: it may explain a paid agent run that no run of ours started. */
export async function recordUnknown(
  table: Table,
  runId: string,
  digest: string,
  event: RunEvent,
  payloads?: Bucket,
): Promise<void> {
  const expiresAt = Math.floor(Date.parse(event.receivedAt) / 1000) + unknownRunSeconds;
  const fields = await storableFields(runId, digest, event, payloads);
  await table.write({
    put: { ...unknownKey(runId, digest), type: 'unknown-event', expiresAt, ...fields },
    if: 'absent',
  });
}

/** In order of arrival; with `payloads`, including those that are too long for the table. */
export async function eventsOf(table: Table, runId: string, payloads?: Bucket): Promise<readonly RunEvent[]> {
  const events: RunEvent[] = [];
  for await (const item of allItems(table, { pk: `RUN#${runId}`, prefix: 'EVENT#' }))
    events.push(await whole(eventFromItem(item), payloads));
  return events.sort((a, b) => a.receivedAt.localeCompare(b.receivedAt) || rankOf(a) - rankOf(b));
}

const unknownKey = (runId: string, digest: string): Key => ({ pk: `UNKNOWN#${runId}`, sk: `EVENT#${digest}` });

/** Reports of the same millisecond are ordered by what must have happened first. */
const rankOf = ({ flag }: RunEvent): number =>
  ({ UPLOADED: 0, START_ANSWERED: 1, RUN_STARTED: 2, RUN_FINISHED: 4 })[flag] ?? 3;

type Fields = { readonly [name: string]: Json | undefined };

async function storableFields(runId: string, digest: string, event: RunEvent, payloads?: Bucket): Promise<Fields> {
  const detail = detailOf(event);
  const text = JSON.stringify(detail);
  const short = summaryOf(event);
  if (Buffer.byteLength(text) <= maxDetailBytes) return { ...short, ...detail };
  // Without a bucket only the summary is kept: settle asks the API for the details anyway.
  if (payloads === undefined) return short;
  const payloadKey = `webhooks/${runId}/${digest}.json`;
  // Idempotent: the same report has the same text.
  await payloads.put(payloadKey, text, { contentType: 'application/json' });
  return { ...short, payloadKey };
}

const summaryOf = (event: RunEvent): Fields => ({
  flag: event.flag,
  receivedAt: event.receivedAt,
  agentRunId: event.agentRunId,
  agentId: event.agentId && redactLinks(event.agentId, 200),
  status: event.status && redactLinks(event.status, 200),
  statusMessage: event.statusMessage && redactLinks(event.statusMessage, 1000),
  // In whole steps, because a store also has a smallest number.
  progress: event.progress === undefined ? undefined : Math.round(event.progress * 10_000) / 10_000,
  nodeStatusCounts: event.nodeStatusCounts && { ...event.nodeStatusCounts },
  needsCredits: event.needsCredits,
  ofAnother: event.ofAnother,
});

function detailOf({ errors, nodes, outputIds, body }: RunEvent): Fields {
  const told = { ...(errors && { errors }), ...(nodes && { nodes }), ...(outputIds && { outputIds }) };
  // Through JSON, which drops undefined values at any depth.
  return { ...(redactLinksDeep(JSON.parse(JSON.stringify(told))) as Fields), ...(body === undefined ? {} : { body }) };
}

const eventFromItem = ({ pk, sk, type, ...event }: Item): RunEvent => event as unknown as RunEvent;

async function whole(event: RunEvent, payloads?: Bucket): Promise<RunEvent> {
  if (event.payloadKey === undefined || payloads === undefined) return event;
  if ((await payloads.head(event.payloadKey)) === undefined) return event;
  return { ...event, ...JSON.parse(await readText(payloads, event.payloadKey)) };
}
