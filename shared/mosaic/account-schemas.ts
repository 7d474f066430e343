import * as z from 'zod';

/** Both field sets that clients know: the newer names the organization, the older the user. */
export const whoamiSchema = z.looseObject({
  organization_id: z.string(),
  organization_name: z.string(),
  organization_slug: z.string(),
  user_id: z.string(),
  email: z.string(),
  is_admin: z.boolean(),
  api_key_id: z.string(),
  created_at: z.string(),
  last_used_at: z.string().nullable(),
});

/** `detail` is for people; `error` is the older servers' code, which we send too. */
export const errorBodySchema = z.looseObject({ detail: z.string(), error: z.string().optional() });

export const nodeTypeInfoSchema = z.looseObject({
  node_type_id: z.string(),
  node_type_name: z.string().nullable(),
  docs_url: z.string().nullable(),
  params_docs_url: z.string().nullable(),
});
export type NodeTypeInfo = z.infer<typeof nodeTypeInfoSchema>;

export const nodeTypesSchema = z.looseObject({ node_types: z.array(nodeTypeInfoSchema) });

export const nodeTypeSchema = z.looseObject({ node_type: nodeTypeInfoSchema });
