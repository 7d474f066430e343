import * as z from 'zod';
import {
  agentRunNodeStatuses,
  nodeStatusCountsSchema,
  progressSchema,
  runErrorSchema,
  runInputSchema,
  runOutputSchema,
} from './run-schemas.ts';

const common = {
  agent_id: z.string().min(1),
  run_id: z.string().min(1),
  node_status_counts: nodeStatusCountsSchema,
  triggered_by: z.looseObject({}).nullable(),
};

const runStartedSchema = z.looseObject({
  flag: z.literal('RUN_STARTED'),
  ...common,
  status: z.literal('running'),
  inputs: z.array(runInputSchema),
});

const runProgressSchema = z.looseObject({
  flag: z.literal('RUN_PROGRESS'),
  ...common,
  status: z.literal('running'),
  progress: progressSchema,
  updated_nodes: z.array(
    z.looseObject({
      original_node_id: z.string().nullable(),
      status: z.enum(agentRunNodeStatuses),
      status_message: z.string().nullable(),
      errors: z.array(z.string()),
      outputs: z.array(runOutputSchema),
    }),
  ),
});

/** `cancelled` is not in the documented list; a receiver is glad to hear of it all the same. */
export const runFinishedSchema = z.looseObject({
  flag: z.literal('RUN_FINISHED'),
  ...common,
  status: z.enum(['completed', 'partial_complete', 'failed', 'cancelled']),
  status_message: z.string().nullable(),
  needs_credits: z.boolean(),
  errors: z.array(runErrorSchema),
  inputs: z.array(runInputSchema),
  outputs: z.array(runOutputSchema),
});

/** What a server sends to `callback_url`, with every documented field. To read one, use `parseWebhook`. */
export const webhookPayloadSchema = z.discriminatedUnion('flag', [
  runStartedSchema,
  runProgressSchema,
  runFinishedSchema,
]);
export type WebhookPayload = z.infer<typeof webhookPayloadSchema>;
