import * as z from 'zod';
import { parseWire } from './parse.ts';
import { countsSchema, fraction, type NodeCounts, readCounts } from './read-run.ts';

/** What a webhook tells, without its links: those are asked for when they are needed. */
export interface AgentRunEvent {
  /** `RUN_STARTED`, `RUN_PROGRESS`, `RUN_FINISHED`, or one that we do not act on. */
  readonly flag: string;
  readonly agentRunId: string;
  readonly agentId?: string;
  readonly status?: string;
  readonly statusMessage?: string;
  readonly progress?: number;
  readonly nodeStatusCounts?: NodeCounts;
  readonly needsCredits?: boolean;
}

/** Reads a webhook of any era. It is only a hint (an ending is confirmed by asking), so little is demanded of it. */
export function parseWebhook(body: unknown): AgentRunEvent {
  const event = parseWire(eventSchema, withFlag(body), 'The webhook');
  return {
    flag: event.flag,
    agentRunId: event.run_id,
    agentId: event.agent_id ?? undefined,
    status: event.status ?? undefined,
    statusMessage: event.status_message ?? undefined,
    progress: fraction(event.progress),
    nodeStatusCounts: event.node_status_counts ? readCounts(event.node_status_counts) : undefined,
    needsCredits: event.needs_credits ?? event.needsCredits ?? undefined,
  };
}

const eventSchema = z.looseObject({
  flag: z.string().min(1).max(100),
  run_id: z.string().min(1).max(200),
  agent_id: z.string().nullish(),
  status: z.string().nullish(),
  status_message: z.string().nullish(),
  progress: z.unknown().optional(),
  node_status_counts: countsSchema.nullish(),
  needs_credits: z.boolean().nullish(),
  needsCredits: z.boolean().nullish(),
});

function withFlag(body: unknown): unknown {
  if (typeof body !== 'object' || body === null || 'flag' in body) return body;
  return 'event' in body ? { ...body, flag: body.event } : body;
}
