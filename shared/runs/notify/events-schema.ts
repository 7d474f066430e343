import * as z from 'zod';
import { eventSchema } from './event.ts';

/** The events' JSON Schema as it is published: what a listener may count on. */
export function eventSchemaText(): string {
  // As input, so that a field that is added one day breaks nobody's check.
  const schema = z.toJSONSchema(eventSchema, { io: 'input', target: 'draft-7' });
  return `${JSON.stringify({ title: 'Tessera events', ...schema }, null, 2)}\n`;
}
