import * as z from 'zod';
import { parseWire } from './parse.ts';
import { fraction, type NodeCounts, readCounts } from './read-run.ts';

/** What a webhook tells, without its links: those are asked for when they are needed. Its words are as they came. */
export interface AgentRunEvent {
  /** One of `knownFlags`, or one that we do not act on. */
  readonly flag: string;
  readonly agentRunId: string;
  readonly agentId?: string;
  readonly status?: string;
  readonly statusMessage?: string;
  readonly progress?: number;
  readonly nodeStatusCounts?: NodeCounts;
  readonly needsCredits?: boolean;
  readonly errors?: readonly NodeErrors[];
  /** The nodes that changed. */
  readonly nodes?: readonly NodeUpdate[];
  readonly outputIds?: readonly string[];
}

export interface NodeErrors {
  readonly nodeId?: string;
  readonly messages: readonly string[];
}

export interface NodeUpdate {
  readonly nodeId?: string;
  readonly status?: string;
  readonly statusMessage?: string;
  readonly errors: readonly string[];
  readonly outputIds: readonly string[];
}

const runFlags = ['RUN_STARTED', 'RUN_PROGRESS', 'RUN_FINISHED'];
/** Sent by servers of 2025. */
const olderFlags = ['OUTPUTS_FINISHED', 'OUTPUT_FINISHED', 'TEST'];
export const knownFlags: readonly string[] = [...runFlags, ...olderFlags];

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
    errors: event.errors?.map(({ original_node_id, messages }) => ({
      nodeId: original_node_id ?? undefined,
      messages,
    })),
    nodes: event.updated_nodes?.map((node) => ({
      nodeId: node.original_node_id ?? undefined,
      status: node.status ?? undefined,
      statusMessage: node.status_message ?? undefined,
      errors: node.errors ?? [],
      outputIds: idsIn(node.outputs),
    })),
    outputIds: event.outputs || event.output ? idsIn(event.outputs ?? event.output) : undefined,
  };
}

/** An id becomes part of keys and paths, so it has an id's letters; a link has others. */
const id = (maxLength: number) =>
  z
    .string()
    .max(maxLength)
    .regex(/^[\w.:-]+$/);

/** A malformed optional field never makes a report unreadable. */
const optional = <Schema extends z.ZodType>(schema: Schema) => schema.nullish().catch(undefined);
const text = optional(z.string());
const count = optional(z.number().int().min(0).max(1e9));
const outputs = optional(z.union([z.array(z.unknown()), z.looseObject({}).transform((output) => [output])]));

const eventSchema = z.looseObject({
  flag: id(100),
  run_id: id(200),
  agent_id: text,
  status: text,
  status_message: text,
  progress: z.unknown().optional(),
  node_status_counts: optional(z.looseObject({ completed: count, in_progress: count, failed: count })),
  needs_credits: optional(z.boolean()),
  needsCredits: optional(z.boolean()),
  errors: optional(z.array(z.looseObject({ original_node_id: text, messages: z.array(z.string()) }))),
  updated_nodes: optional(
    z.array(
      z.looseObject({
        original_node_id: text,
        status: text,
        status_message: text,
        errors: optional(z.array(z.string())),
        outputs,
      }),
    ),
  ),
  outputs,
  output: outputs,
});

function withFlag(body: unknown): unknown {
  if (typeof body !== 'object' || body === null || 'flag' in body) return body;
  return 'event' in body ? { ...body, flag: body.event } : body;
}

const idsIn = (outputs: readonly unknown[] | null | undefined): string[] =>
  (outputs ?? []).flatMap((output) => {
    const given = typeof output === 'object' && output !== null && 'id' in output ? output.id : undefined;
    return typeof given === 'string' && given !== '' ? [given] : [];
  });
