import { createHash } from 'node:crypto';
import { InvalidInput } from '../../errors.ts';
import type { RunRequest } from '../../mosaic/schemas.ts';
import type { Item, Key } from '../../platform/ports.ts';
import { Refusal } from '../refusal.ts';
import type { AgentRun } from './agent-run.ts';

/** A start that may be repeated without starting twice: one per API key, agent and Idempotency-Key. */
export interface Claim {
  readonly key: Key;
  /** Of what was asked for. */
  readonly fingerprint: string;
}

interface Caller {
  readonly apiKeyId: string;
  readonly idempotencyKey?: string;
}

export function claimOf(agentId: string, request: RunRequest, { apiKeyId, idempotencyKey }: Caller): Claim | undefined {
  if (idempotencyKey === undefined) return undefined;
  if (idempotencyKey === '' || idempotencyKey.length > 255)
    throw new InvalidInput('Idempotency-Key is 1 to 255 characters.');
  const pk = `START#${digest([apiKeyId, agentId, idempotencyKey])}`;
  return { key: { pk, sk: 'START' }, fingerprint: digest(withoutSignatures(request)) };
}

export const claimToItem = ({ key, fingerprint }: Claim, run: AgentRun, expiresAt: number): Item => ({
  ...key,
  type: 'start',
  fingerprint,
  runId: run.id,
  expiresAt,
});

/** The run of the earlier start, or a Refusal when that one asked for something else. */
export function runIdOfClaim(claim: Claim, item: Item): string {
  if (item.fingerprint !== claim.fingerprint)
    throw new Refusal(
      422,
      'idempotency_key_reused',
      'This Idempotency-Key was used for another start of this agent. Use a new key for a new start.',
    );
  return String(item.runId);
}

const digest = (value: unknown): string => createHash('sha256').update(JSON.stringify(value, sorted)).digest('hex');

const sorted = (_name: string, value: unknown): unknown =>
  value !== null && typeof value === 'object' && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
    : value;

/**
 * A caller that repeats a start after a crash signs its links anew, and may listen on another port. It still means the
 * same files, so of a link's query only the object's version counts, and no port does. (The price: two links that differ
 * in nothing but other query fields look the same.)
 */
const withoutSignatures = (request: RunRequest): unknown => ({
  ...request,
  video_urls: request.video_urls?.map(fileOf),
  video_inputs: request.video_inputs?.map((input) => ({ ...input, video_urls: input.video_urls?.map(fileOf) })),
  callback_url: request.callback_url == null ? undefined : placeOf(request.callback_url),
});

const fileOf = (link: string): string =>
  URL.canParse(link) ? `${placeOf(link)}#${new URL(link).searchParams.get('versionId') ?? ''}` : link;

function placeOf(link: string): string {
  if (!URL.canParse(link)) return link;
  const url = new URL(link);
  return `${url.hostname}${url.pathname}`;
}
