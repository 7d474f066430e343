import * as z from 'zod';
import { documentSchema } from './document.ts';

/** The rule document's JSON Schema as it is published: what editors complete and explain, and what they underline. */
export function ruleSchemaText(): string {
  const schema = z.toJSONSchema(documentSchema, { io: 'input', target: 'draft-7' });
  return `${JSON.stringify({ title: 'Tessera rules', ...schema }, null, 2)}\n`;
}
