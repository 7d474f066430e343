import * as z from 'zod';
import { InvalidInput } from '../../errors.ts';
import type { Json } from '../../platform/ports.ts';
import { piecesOf } from '../rules/template.ts';
import { faultsOfIssue, inWords, paramsSchema } from '../rules/wording.ts';
import { should, whole } from '../run/field-schemas.ts';
import type { UpdateParams } from '../run/rule.ts';
import type { Delivering } from '../run/rule-schemas.ts';

export { paramsSchema } from '../rules/wording.ts';

/** What may be asked for one object. */
export interface Settings {
  readonly updateParams?: UpdateParams;
  readonly priority?: number;
  readonly data?: { readonly [name: string]: Json };
  readonly skip?: boolean;
  /** Further labels; where outputs go is for the rule to say. */
  readonly deliver?: Omit<Delivering, 'key'>;
}

const template = z.string(should('text')).superRefine((text, context) => {
  try {
    piecesOf(text);
  } catch (error) {
    context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : String(error) });
  }
});

export const prioritySchema = whole(0, 9);
export const dataSchema = z.record(z.string(), z.json(), should('an object'));
const labelsSchema = z.record(z.string(), template, should('an object of texts'));

export const sidecarSchema = z.strictObject(
  {
    updateParams: paramsSchema.optional(),
    priority: prioritySchema.optional(),
    data: dataSchema.optional(),
    skip: z.boolean(should('true or false')).optional(),
    deliver: z
      .strictObject(
        { tags: labelsSchema.optional(), metadata: labelsSchema.optional() },
        should('an object such as { "tags": { "show": "news" } }'),
      )
      .optional(),
  },
  should('an object such as { "priority": 8 }'),
);

const fieldNames = [
  ...['updateParams', 'priority', 'data', 'skip', 'deliver', 'tags', 'metadata'],
  ...['inputs', 'key', 'versionId', 'node'],
];

/** Reads JSON that an uploader wrote; the error names every fault and where it is, and ends with the remedy. */
export function parseAsked<T>(schema: z.ZodType<T>, text: string, what: string, remedy: string): T {
  let document: unknown;
  try {
    document = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    throw new InvalidInput(`${what} is not JSON: ${error instanceof Error ? error.message : String(error)}. ${remedy}`);
  }
  const parsed = schema.safeParse(document);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.flatMap((issue) => faultsOfIssue(issue, fieldNames)).map(inWords);
  throw new InvalidInput(`${what} cannot be used: ${faults.slice(0, 10).join('; ')}. ${remedy}`);
}
