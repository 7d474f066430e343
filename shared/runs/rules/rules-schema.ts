import * as z from 'zod';
import { documentSchema } from './document.ts';

/** The published JSON Schema of the rule document, which editors use for completion, help and errors. */
export function ruleSchemaText(): string {
  const schema = z.toJSONSchema(documentSchema, { io: 'input', target: 'draft-7' });
  return `${JSON.stringify({ title: 'Tessera rules', ...schema }, null, 2)}\n`;
}
