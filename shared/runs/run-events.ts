import type { AgentRunEvent } from '../mosaic/webhook.ts';
import type { Json, Table } from '../platform/ports.ts';
import { allItems } from './all-items.ts';
import { eventKey } from './run-items.ts';
import { keepable } from './words.ts';

/** What was reported of a run and when; never its links. */
export type RunEvent = Omit<AgentRunEvent, 'agentRunId'> & {
  readonly agentRunId?: string;
  readonly receivedAt: string;
};

const unknownRunSeconds = 30 * 24 * 3600;

/** Put once for each distinct report, so that a repeated one leaves no second mark. */
export async function recordEvent(table: Table, runId: string, digest: string, event: RunEvent): Promise<void> {
  await table.write({ put: { ...eventKey(runId, digest), type: 'event', ...eventFields(event) }, if: 'absent' });
}

/** A report for a run that we don't know is kept for a month: it may explain a paid run that nobody claims. */
export async function recordUnknown(table: Table, runId: string, digest: string, event: RunEvent): Promise<void> {
  const expiresAt = Math.floor(Date.parse(event.receivedAt) / 1000) + unknownRunSeconds;
  const key = { pk: `UNKNOWN#${runId}`, sk: `EVENT#${digest}` };
  await table.write({ put: { ...key, type: 'unknown-event', expiresAt, ...eventFields(event) }, if: 'absent' });
}

/** In the order in which they came. */
export async function eventsOf(table: Table, runId: string): Promise<readonly RunEvent[]> {
  const events: RunEvent[] = [];
  for await (const item of allItems(table, { pk: `RUN#${runId}`, prefix: 'EVENT#' }))
    events.push(item as unknown as RunEvent);
  return events.sort((a, b) => a.receivedAt.localeCompare(b.receivedAt));
}

const eventFields = (event: RunEvent): { [name: string]: Json | undefined } => ({
  flag: event.flag,
  receivedAt: event.receivedAt,
  agentRunId: event.agentRunId,
  agentId: event.agentId && keepable(event.agentId, 200),
  status: event.status && keepable(event.status, 200),
  statusMessage: event.statusMessage && keepable(event.statusMessage, 1000),
  progress: event.progress,
  nodeStatusCounts: event.nodeStatusCounts && { ...event.nodeStatusCounts },
  needsCredits: event.needsCredits,
});
