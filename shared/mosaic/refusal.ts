import { withoutLinkSecrets } from '../log.ts';
import { MosaicError, type MosaicErrorKind } from './errors.ts';
import { retryAfterSeconds } from './retry-after.ts';

interface Refusal {
  /** Method and path, as a person should see them. */
  readonly what: string;
  readonly status: number;
  readonly headers: Headers;
  /** The body, parsed where it was JSON. */
  readonly body: unknown;
  readonly apiKey: string;
}

/** The error for an answer that is not 2xx: what the server said, and what to do next. */
export function refusal({ what, status, headers, body, apiKey }: Refusal): MosaicError {
  const detail = detailOf(body, apiKey);
  const kind = kindOf(status, codeOf(body), detail);
  const said = detail === '' ? '' : `: ${detail.replace(/[.\s]+$/, '')}`;
  return new MosaicError(`${what} answered ${status}${said}. ${advice[kind]}`, {
    kind,
    status,
    retryAfterSeconds: retryAfterSeconds(headers.get('retry-after'), Date.now()),
    // A gateway may say 5xx (or 408) after it has passed the request on.
    ambiguous: status >= 500 || status === 408,
  });
}

function kindOf(status: number, code: string, detail: string): MosaicErrorKind {
  if (status >= 400 && status < 500) {
    if (code === 'concurrent_agent_limit') return 'concurrency';
    if (code === 'insufficient_credits' || status === 402) return 'credits';
    // Newer servers send no code. Without one, only the words tell a full account from a closed door.
    if ((status === 403 || status === 429) && /concurren|too many (running )?(agents?|runs?)\b/i.test(detail))
      return 'concurrency';
    if (status === 403 && /\bcredits?\b/i.test(detail)) return 'credits';
  }
  if (status >= 500) return 'server';
  if (status < 400) return 'unreadable';
  return kinds[status] ?? 'bad-request';
}

const kinds: Readonly<Record<number, MosaicErrorKind>> = {
  401: 'unauthorised',
  403: 'forbidden',
  404: 'not-found',
  408: 'timeout',
  409: 'conflict',
  413: 'too-large',
  422: 'unprocessable',
  429: 'rate-limited',
};

const advice: Readonly<Record<MosaicErrorKind, string>> = {
  'bad-request': "Compare the rule's agent and parameters with what the agent takes.",
  unauthorised: 'Check the API key: it is missing, wrong or revoked.',
  forbidden: 'Why is not said, so it waits: check that the API key may use this agent, and the plan and its limits.',
  concurrency: 'The account runs as many agents as it may; it waits for one to finish.',
  credits: 'The account is out of credits: add some, then resume.',
  'not-found': 'Check the id, and that the API key belongs to the same organization.',
  conflict: 'Its present state does not allow this.',
  'too-large': 'The video is larger or longer than the plan allows.',
  unprocessable: 'A value is out of range: check the parameters.',
  'rate-limited': 'Too many requests: it waits before the next.',
  server: 'The fault is on the server’s side; it is tried again later.',
  timeout: 'It is tried again later where that is safe.',
  network: 'Check the address of the API and the network.',
  unreadable: 'Check the address of the API: this is not what it should answer.',
};

/** In `error` on older servers, in `code` behind some gateways, and in newer bodies not at all. */
function codeOf(body: unknown): string {
  const error = fieldOf(body, 'error');
  const code = [error, fieldOf(error, 'code'), fieldOf(body, 'code')].find((value) => typeof value === 'string');
  return typeof code === 'string' ? code : '';
}

/** The server's own words: `detail`, or from older servers `error`; short, and with no link's secrets or our key. */
function detailOf(body: unknown, apiKey: string): string {
  const error = fieldOf(body, 'error');
  const places = [fieldOf(body, 'detail'), fieldOf(body, 'message'), fieldOf(error, 'message'), error];
  const said = places.map(wordsOf).find((words) => words.trim() !== '');
  const safe = withoutLinkSecrets((said ?? '').replaceAll(apiKey, '…').replace(/\bmk_[\w-]+/g, 'mk_…'));
  const line = safe.replace(/\s+/g, ' ').trim();
  return line.length > 300 ? `${line.slice(0, 299)}…` : line;
}

/** Some servers list what is wrong with a request, an entry for each field. */
function wordsOf(said: unknown): string {
  if (Array.isArray(said)) return said.map((entry) => wordsOf(fieldOf(entry, 'msg') ?? entry)).join('; ');
  return typeof said === 'string' ? said : '';
}

const fieldOf = (body: unknown, name: string): unknown =>
  typeof body === 'object' && body !== null ? (body as Record<string, unknown>)[name] : undefined;
