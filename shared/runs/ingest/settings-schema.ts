import * as z from 'zod';
import { InvalidInput } from '../../errors.ts';
import type { Json } from '../../platform/ports.ts';
import type { Delivering, UpdateParams } from '../rules/rule.ts';
import { piecesOf } from '../rules/template.ts';

/** What may be asked for one object. */
export interface Settings {
  readonly updateParams?: UpdateParams;
  readonly priority?: number;
  readonly data?: { readonly [name: string]: Json };
  readonly skip?: boolean;
  /** Further labels; where outputs go is for the rule to say. */
  readonly deliver?: Omit<Delivering, 'key'>;
}

const template = z.string().superRefine((text, context) => {
  try {
    piecesOf(text);
  } catch (error) {
    context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : String(error) });
  }
});

export const paramsSchema = z.record(z.string(), z.record(z.string(), z.json()));
export const prioritySchema = z.int().min(0).max(9);
export const dataSchema = z.record(z.string(), z.json());

export const sidecarSchema = z.strictObject({
  updateParams: paramsSchema.optional(),
  priority: prioritySchema.optional(),
  data: dataSchema.optional(),
  skip: z.boolean().optional(),
  deliver: z
    .strictObject({
      tags: z.record(z.string(), template).optional(),
      metadata: z.record(z.string(), template).optional(),
    })
    .optional(),
});

/** Reads JSON that an uploader wrote; the error names every fault and where it is. */
export function parseAsked<T>(schema: z.ZodType<T>, text: string, what: string): T {
  let document: unknown;
  try {
    document = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    throw new InvalidInput(
      `${what} is not JSON: ${error instanceof Error ? error.message : String(error)}. Mend it and upload the video again.`,
    );
  }
  const parsed = schema.safeParse(document);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'the document'}: ${message}`);
  throw new InvalidInput(
    `${what} cannot be used: ${faults.slice(0, 10).join('; ')}. Mend it and upload the video again.`,
  );
}
