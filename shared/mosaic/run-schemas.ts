import * as z from 'zod';
import { nodeTypeInfoSchema } from './account-schemas.ts';

const id = z.string().min(1);

export const agentRunStatuses = ['running', 'completed', 'partial_complete', 'failed', 'cancelled'] as const;
export const agentRunNodeStatuses = [
  'not_started',
  'queued',
  'running',
  'blocked',
  'completed',
  'partial_complete',
  'failed',
  'cancelled',
] as const;

const asset = z.looseObject({ id, artifact: z.enum(['highres', 'proxy', 'auto']).optional() });
const sources = {
  video_urls: z.array(z.string()).optional(),
  video_ids: z.array(z.string()).optional(),
  node_render_ids: z.array(z.string()).optional(),
  mimir_assets: z.array(asset).optional(),
};

/** The body of `POST /agent/{id}/run`. */
export const runRequestSchema = z.looseObject({
  ...sources,
  video_inputs: z
    .array(
      z.looseObject({
        agent_node_id: id,
        ...sources,
        input_clip_start_ms: z.number().min(0).nullish(),
        input_clip_end_ms: z.number().min(0).nullish(),
      }),
    )
    .optional(),
  callback_url: z.string().nullish(),
  update_params: z.record(z.string(), z.record(z.string(), z.unknown())).nullish(),
  ignore_nodes: z.array(z.string()).nullish(),
});
export type RunRequest = z.infer<typeof runRequestSchema>;

export const runAcceptedSchema = z.looseObject({ run_id: id });

export const nodeStatusCountsSchema = z.looseObject({
  completed: z.number().int(),
  in_progress: z.number().int(),
  failed: z.number().int(),
});

export const runInputSchema = z.looseObject({ video_url: z.string(), thumbnail_url: z.string().nullable() });
export type RunInput = z.infer<typeof runInputSchema>;

export const runOutputSchema = z.looseObject({
  id,
  video_url: z.string(),
  thumbnail_url: z.string().nullable(),
  premiere_prproj_url: z.string().nullable(),
  completed_at: z.string(),
  original_node_id: z.string().nullable(),
});
export type RunOutput = z.infer<typeof runOutputSchema>;

export const runErrorSchema = z.looseObject({
  original_node_id: z.string().nullable(),
  messages: z.array(z.string()),
});

/** 0 to 1; our engine's addition, absent elsewhere. */
export const progressSchema = z.number().min(0).max(1).optional();

/** `GET /agent_run/{id}`. The run's own id is our engine's addition. */
export const agentRunStatusSchema = z.looseObject({
  run_id: id.optional(),
  agent_id: id,
  started_at: z.string(),
  status: z.enum(agentRunStatuses),
  status_message: z.string().nullable(),
  needs_credits: z.boolean(),
  errors: z.array(runErrorSchema),
  node_status_counts: nodeStatusCountsSchema,
  inputs: z.array(runInputSchema),
  outputs: z.array(runOutputSchema),
  progress: progressSchema,
});
export type AgentRunStatus = z.infer<typeof agentRunStatusSchema>;

export const agentRunNodesSchema = z.looseObject({
  run_id: id,
  nodes: z.array(
    z.looseObject({
      agent_node_id: id,
      original_node_id: z.string().nullable(),
      status: z.enum(agentRunNodeStatuses),
      status_message: z.string().nullable(),
      errors: z.array(z.string()),
      node_type: nodeTypeInfoSchema,
      needs_credits: z.boolean(),
    }),
  ),
});
export type AgentRunNodes = z.infer<typeof agentRunNodesSchema>;

export const agentRunListSchema = z.looseObject({
  runs: z.array(
    z.looseObject({
      run_id: id,
      agent_id: id,
      status: z.enum(agentRunStatuses),
      status_message: z.string().nullable(),
      started_at: z.string(),
      updated_at: z.string(),
      node_status_counts: nodeStatusCountsSchema,
      inputs: z.array(runInputSchema),
      outputs: z.array(runOutputSchema),
      triggered_by: z.looseObject({}).nullable(),
    }),
  ),
  next_cursor: z.string().nullable(),
});
export type AgentRunList = z.infer<typeof agentRunListSchema>;

export const agentRunCancelledSchema = z.looseObject({
  success: z.boolean(),
  run_id: id,
  tasks_cancelled: z.number().int(),
  nodes_reset: z.number().int(),
  message: z.string(),
});
export type AgentRunCancelled = z.infer<typeof agentRunCancelledSchema>;

/** What resume answers. */
export const agentRunResumedSchema = z.looseObject({
  success: z.boolean(),
  run_id: id,
  agent_state_id: id,
  nodes_queued: z.number().int(),
  nodes_considered: z.number().int(),
  requeued_nodes: z.number().int(),
  requeued_node_tasks_detached: z.number().int(),
  requeued_node_active_tasks_cancelled: z.number().int(),
  requeued_node_active_tasks_total: z.number().int(),
});
export type AgentRunResumed = z.infer<typeof agentRunResumedSchema>;
