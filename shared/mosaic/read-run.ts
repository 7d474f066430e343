import * as z from 'zod';
import { parseWire } from './parse.ts';
import { agentRunStatuses } from './run-schemas.ts';

export type AgentRunStatusName = (typeof agentRunStatuses)[number];

export interface NodeCounts {
  readonly completed: number;
  readonly inProgress: number;
  readonly failed: number;
}

export interface AgentRunReport {
  readonly agentRunId: string;
  readonly agentId: string;
  readonly status: AgentRunStatusName;
  readonly statusMessage?: string;
  readonly needsCredits: boolean;
  /** 0 to 1, from servers that tell. */
  readonly progress?: number;
  readonly nodeStatusCounts: NodeCounts;
  readonly errors: readonly { readonly nodeId?: string; readonly messages: readonly string[] }[];
  readonly outputs: readonly AgentRunOutput[];
  readonly startedAt?: string;
}

/** Its links are signed: use them to fetch, never write them to a log or a table. */
export interface AgentRunOutput {
  readonly id: string;
  readonly videoUrl: string;
  readonly thumbnailUrl?: string;
  readonly projectUrl?: string;
  readonly completedAt?: string;
  readonly nodeId?: string;
}

/** Reads `GET /agent_run/{id}` of this and older servers, which leave out fields that came later. */
export function readAgentRun(body: unknown, agentRunId: string): AgentRunReport {
  const run = parseWire(reportSchema, body, 'The agent run');
  return {
    agentRunId,
    agentId: run.agent_id,
    status: run.status,
    statusMessage: run.status_message ?? undefined,
    needsCredits: run.needs_credits ?? run.needsCredits ?? false,
    progress: fraction(run.progress),
    nodeStatusCounts: readCounts(run.node_status_counts ?? {}),
    errors: (run.errors ?? []).map((error) => ({
      nodeId: error.original_node_id ?? undefined,
      messages: error.messages,
    })),
    outputs: (run.outputs ?? []).map(readOutput),
    startedAt: run.started_at ?? undefined,
  };
}

export const fraction = (value: unknown): number | undefined =>
  typeof value === 'number' && value >= 0 && value <= 1 ? value : undefined;

export const readCounts = (counts: z.infer<typeof countsSchema>): NodeCounts => ({
  completed: counts.completed ?? 0,
  inProgress: counts.in_progress ?? 0,
  failed: counts.failed ?? 0,
});

const readOutput = (output: z.infer<typeof outputSchema>): AgentRunOutput => ({
  id: output.id,
  videoUrl: output.video_url,
  thumbnailUrl: output.thumbnail_url ?? undefined,
  projectUrl: output.premiere_prproj_url ?? undefined,
  completedAt: output.completed_at ?? undefined,
  nodeId: output.original_node_id ?? undefined,
});

export const countsSchema = z.looseObject({
  completed: z.number().nullish(),
  in_progress: z.number().nullish(),
  failed: z.number().nullish(),
});

const outputSchema = z.looseObject({
  id: z.string().min(1),
  video_url: z.string().min(1),
  thumbnail_url: z.string().nullish(),
  premiere_prproj_url: z.string().nullish(),
  completed_at: z.string().nullish(),
  original_node_id: z.string().nullish(),
});

const reportSchema = z
  .looseObject({
    agent_id: z.string().min(1),
    status: z.enum(agentRunStatuses),
    status_message: z.string().nullish(),
    needs_credits: z.boolean().nullish(),
    needsCredits: z.boolean().nullish(),
    progress: z.unknown().optional(),
    node_status_counts: countsSchema.nullish(),
    errors: z.array(z.looseObject({ original_node_id: z.string().nullish(), messages: z.array(z.string()) })).nullish(),
    outputs: z.array(outputSchema).nullish(),
    started_at: z.string().nullish(),
  })
  .superRefine((run, issues) => {
    // Without this, a server that forgets the list would have us deliver nothing and call it done.
    if (!run.outputs && (run.status === 'completed' || run.status === 'partial_complete'))
      issues.addIssue({ code: 'custom', path: ['outputs'], message: 'expected array, got nothing' });
  });
