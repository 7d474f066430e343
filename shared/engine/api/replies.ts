import type { Context } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { InvalidInput, Missing, PermanentError } from '../../errors.ts';
import { type Log, withoutLinkSecrets } from '../../log.ts';
import { Refusal } from '../refusal.ts';

export const maxBodyBytes = 256 * 1024;

type Status = 400 | 401 | 404 | 409 | 413 | 422 | 500;

/** `detail` for people; `error`, the code that older clients read. */
export const errorReply = (context: Context, status: Status, code: string, detail: string): Response =>
  context.json({ detail: withoutLinkSecrets(detail), error: code }, status);

/** What the caller did wrong is told; what went wrong here is logged. */
export function failureReply(context: Context, error: Error, log: Log): Response {
  if (error instanceof Refusal) return errorReply(context, error.status, error.code, error.message);
  if (error instanceof Missing) return errorReply(context, 404, 'not_found', error.message);
  if (error instanceof InvalidInput || error instanceof PermanentError)
    return errorReply(context, 400, 'validation_error', error.message);
  if (error instanceof HTTPException) return errorReply(context, 400, 'validation_error', error.message);
  log.error('request.failed', { method: context.req.method, path: context.req.path, error });
  return errorReply(context, 500, 'internal_server_error', 'The engine failed. The request may be repeated.');
}

/** The body as JSON; no body at all is an empty object. */
export async function bodyOf(context: Context): Promise<unknown> {
  const text = await context.req.text();
  if (text.trim() === '') return {};
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch (cause) {
    throw new InvalidInput('The body is not JSON.', {}, { cause });
  }
  if (isDeeperThan(deepest, body)) throw new InvalidInput(`The body is nested more than ${deepest} levels deep.`);
  return body;
}

/** No request needs more than a few levels of nesting, and walking through many would overflow the stack. */
const deepest = 50;

function isDeeperThan(levels: number, value: unknown): boolean {
  let level = [value];
  for (let depth = 0; depth <= levels && level.length > 0; depth += 1)
    level = level.flatMap((entry) => (typeof entry === 'object' && entry !== null ? Object.values(entry) : []));
  return level.length > 0;
}

const pageSize = { fallback: 25, most: 100 };

export function limitOf(context: Context): number {
  const raw = context.req.query('limit');
  if (raw === undefined) return pageSize.fallback;
  const limit = Number(raw);
  if (!Number.isInteger(limit) || limit < 1 || limit > pageSize.most)
    throw new InvalidInput(`limit: expected a whole number from 1 to ${pageSize.most}.`);
  return limit;
}

/** A time in a query, as the ISO text that places are made of. */
export function timeOf(context: Context, name: string): string | undefined {
  const raw = context.req.query(name);
  if (raw === undefined) return undefined;
  const ms = Date.parse(raw);
  if (Number.isNaN(ms)) throw new InvalidInput(`${name}: expected an ISO time, for example 2026-01-31T12:00:00Z.`);
  return new Date(ms).toISOString();
}
