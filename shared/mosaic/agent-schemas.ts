import * as z from 'zod';
import { nodeTypeInfoSchema } from './account-schemas.ts';

const name = z.string().min(1).max(120);
const description = z.string().max(5000);
const visibility = z.enum(['public', 'private']);
const id = z.string().min(1);
const params = z.record(z.string(), z.unknown());

const graphFields = ['graph', 'nodes', 'connections', 'create_video_input_node'];

export const agentCreateSchema = z
  .looseObject({
    name: name.optional(),
    description: description.optional(),
    visibility: visibility.optional(),
    workspace_id: id.optional(),
  })
  .superRefine((body, issues) => {
    for (const field of graphFields.filter((field) => field in body))
      issues.addIssue({ code: 'custom', path: [field], message: 'not taken here; send `operations` to update' });
  });
export type AgentCreate = z.infer<typeof agentCreateSchema>;

const ends = {
  source_agent_node_id: id.optional(),
  source_temp_ref_id: id.optional(),
  target_agent_node_id: id.optional(),
  target_temp_ref_id: id.optional(),
};
type Ends = Partial<Record<keyof typeof ends, string>>;

const bothEnds = (connection: Ends, issues: z.RefinementCtx): void => {
  for (const end of ['source', 'target'] as const) {
    const given = [connection[`${end}_agent_node_id`], connection[`${end}_temp_ref_id`]].filter(Boolean).length;
    if (given !== 1)
      issues.addIssue({
        code: 'custom',
        path: [`${end}_agent_node_id`],
        message: `expected either this or ${end}_temp_ref_id, got ${given === 0 ? 'neither' : 'both'}`,
      });
  }
};

export const operationSchema = z.discriminatedUnion('op', [
  z.looseObject({
    op: z.literal('create_node'),
    node_type_id: id,
    temp_ref_id: id.nullish(),
    params_used: params.nullish(),
  }),
  z.looseObject({ op: z.literal('update_node'), agent_node_id: id, params_used: params }),
  z.looseObject({ op: z.literal('delete_node'), agent_node_id: id }),
  z.looseObject({ op: z.literal('create_connection'), ...ends }).superRefine(bothEnds),
  z.looseObject({ op: z.literal('delete_connection'), ...ends }).superRefine(bothEnds),
]);
export type Operation = z.infer<typeof operationSchema>;

const changes = ['name', 'description', 'visibility', 'operations'] as const;

export const agentUpdateSchema = z
  .looseObject({
    name: name.optional(),
    description: description.optional(),
    visibility: visibility.optional(),
    operations: z.array(operationSchema).optional(),
  })
  .refine((body) => changes.some((change) => body[change] !== undefined), {
    message: `expected at least one of ${changes.join(', ')}`,
  });
export type AgentUpdate = z.infer<typeof agentUpdateSchema>;

/** What create and update answer. */
export const agentChangedSchema = z.looseObject({
  success: z.boolean(),
  agent_id: id,
  operations_applied: z.number().int(),
  created_nodes: z.array(z.looseObject({ temp_ref_id: z.string().nullable(), agent_node_id: id })),
});
export type AgentChanged = z.infer<typeof agentChangedSchema>;

const agentSummarySchema = z.looseObject({
  id,
  name: z.string().nullable(),
  description: z.string().nullable(),
  created_at: z.string(),
  updated_at: z.string(),
});
export const agentListSchema = z.looseObject({
  agents: z.array(agentSummarySchema),
  next_cursor: z.string().nullable(),
});
export type AgentList = z.infer<typeof agentListSchema>;

export const agentDetailSchema = z.looseObject({
  agent: agentSummarySchema.extend({ visibility: visibility.nullable() }),
  agent_nodes: z.array(z.looseObject({ agent_node_id: id, node_type: nodeTypeInfoSchema, params_used: params })),
  connections: z.array(z.looseObject({ source_agent_node_id: id, target_agent_node_id: id })),
});
export type AgentDetail = z.infer<typeof agentDetailSchema>;
