import type * as z from 'zod';
import { InvalidInput } from '../errors.ts';

type Issue = z.core.$ZodIssue;

/** Returns `value` as the schema's type, or throws InvalidInput that names each wrong field by its path, never its value. */
export function parseWire<Schema extends z.ZodType>(schema: Schema, value: unknown, what: string): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `${pathOf(issue)}: ${problemOf(issue)}`);
  const shown = problems.slice(0, 5).join('; ');
  const rest = problems.length > 5 ? `; and ${problems.length - 5} more` : '';
  throw new InvalidInput(`${what} is not as expected: ${shown}${rest}`, { paths: parsed.error.issues.map(pathOf) });
}

function pathOf(issue: Issue): string {
  const path = issue.path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${nameOf(String(step))}`)).join('');
  return path.replace(/^\./, '') || 'body';
}

// Keys of a record come from outside, so a link could be one of them.
const nameOf = (key: string): string => (/^[\w-]{1,64}$/.test(key) ? key : '…');

function problemOf(issue: Issue): string {
  if (issue.code === 'invalid_union' && 'options' in issue && Array.isArray(issue.options))
    return `expected one of ${issue.options.map((option) => JSON.stringify(option)).join(', ')}`;
  return lowerFirst(
    issue.message
      .replace(/^Invalid (input|option): /, '')
      .replaceAll('"|"', '", "')
      .replace(/\brecord\b/g, 'object')
      .replace('received undefined', 'got nothing')
      .replace('received', 'got'),
  );
}

const lowerFirst = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);
