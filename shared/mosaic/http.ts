import { setTimeout as delay } from 'node:timers/promises';
import { messageOf } from '../errors.ts';
import { mosaicRequestBackoff } from '../retry.ts';
import { MosaicError } from './errors.ts';
import { refusal } from './refusal.ts';

export interface HttpOptions {
  readonly baseUrl: string;
  readonly apiKey: () => Promise<string>;
  readonly fetch?: typeof fetch;
  /** For one attempt, from the first byte sent to the last received. */
  readonly timeoutMs?: number;
  readonly sleep?: (ms: number) => Promise<unknown>;
  /** 0 up to 1. */
  readonly random?: () => number;
}

export interface Call {
  readonly method: 'GET' | 'POST' | 'PATCH';
  /** Never put into a message with its query. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** `safe`: doing it twice changes nothing. `unless-sent`: repeated only when the first try surely did nothing. */
  readonly repeat: 'safe' | 'unless-sent';
}

const attempts = 4;
/** A longer wait is the caller's to make: it has a queue, we only hold a process. */
const patienceSeconds = 20;

/** Sends a call and returns the parsed body, repeating it where that is safe; throws MosaicError. */
export async function send(options: HttpOptions, call: Call): Promise<unknown> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await sendOnce(options, call);
    } catch (error) {
      const waitMs = error instanceof MosaicError ? waitBeforeRepeat(error, call, attempt, options) : undefined;
      if (waitMs === undefined || attempt >= attempts) throw error;
      await (options.sleep ?? delay)(waitMs);
    }
  }
}

function waitBeforeRepeat(error: MosaicError, call: Call, attempt: number, options: HttpOptions): number | undefined {
  const asked = error.retryAfterSeconds;
  if (asked !== undefined && asked > patienceSeconds) return undefined;
  if (!mayRepeat(error, call)) return undefined;
  const random = options.random ?? Math.random;
  // Never before the time the server asked for; spread out, so that many callers do not come back together.
  return asked === undefined ? mosaicRequestBackoff(attempt, random) * 1000 : asked * 1000 + 500 * random();
}

function mayRepeat(error: MosaicError, call: Call): boolean {
  const safe = call.repeat === 'safe';
  switch (error.kind) {
    case 'network':
    case 'timeout':
    case 'server':
      return safe || !error.ambiguous;
    case 'rate-limited':
      // 429 says that nothing was begun. Without a Retry-After a start is left to the caller, who waits longer.
      return safe || error.retryAfterSeconds !== undefined;
    default:
      return false;
  }
}

async function sendOnce(options: HttpOptions, call: Call): Promise<unknown> {
  const what = `${call.method} ${call.path}`;
  const apiKey = await usableKey(options.apiKey, what);
  const { response, text } = await exchange(options, call, apiKey, what);
  const body = parseJson(text);
  if (!response.ok)
    throw refusal({ what, status: response.status, headers: response.headers, body: body?.value, apiKey });
  if (body === undefined)
    throw new MosaicError(
      `${what} answered ${response.status} with a body that is not JSON. Check the API's address.`,
      {
        kind: 'unreadable',
        status: response.status,
        ambiguous: true,
      },
    );
  return body.value;
}

async function exchange(options: HttpOptions, call: Call, apiKey: string, what: string) {
  const timeoutMs = options.timeoutMs ?? 30_000;
  try {
    const response = await (options.fetch ?? fetch)(urlOf(options.baseUrl, call), {
      method: call.method,
      headers: {
        authorization: `Bearer ${apiKey}`,
        accept: 'application/json',
        ...(call.body === undefined ? {} : { 'content-type': 'application/json' }),
        // A connection kept from before may have died unseen (a frozen process), and a start that fails on it would
        // be ambiguous. A new one costs a handshake, and calls are few.
        connection: 'close',
        ...call.headers,
      },
      body: call.body === undefined ? undefined : JSON.stringify(call.body),
      // Following one could repeat a POST as GET, or elsewhere.
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
    });
    return { response, text: await response.text() };
  } catch (error) {
    throw unanswered(error, what, timeoutMs);
  }
}

function urlOf(baseUrl: string, call: Call): string {
  const given = Object.entries(call.query ?? {}).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const query = given.length === 0 ? '' : `?${new URLSearchParams(given)}`;
  return `${baseUrl.replace(/\/+$/, '')}${call.path}${query}`;
}

/** A key with a stray character would be shown by the error that `fetch` throws for it. */
async function usableKey(apiKey: () => Promise<string>, what: string): Promise<string> {
  // Nothing was sent. The caller that starts a run must know that for sure.
  const key = await apiKey().then(
    (text) => text.trim(),
    (cause: unknown) => {
      throw new MosaicError(`${what} was not sent: the API key could not be read. ${messageOf(cause)}`, {
        kind: 'network',
        cause,
      });
    },
  );
  if (/^[\x21-\x7e]+$/.test(key)) return key;
  const problem = key === '' ? 'is empty' : 'contains a character that no key has';
  throw new MosaicError(`${what} was not sent: the API key ${problem}. Set the key again.`, { kind: 'unauthorised' });
}

function parseJson(text: string): { value: unknown } | undefined {
  try {
    return { value: text === '' ? {} : JSON.parse(text) };
  } catch {
    return undefined;
  }
}

function unanswered(error: unknown, what: string, timeoutMs: number): MosaicError {
  if (error instanceof Error && (error.name === 'TimeoutError' || error.name === 'AbortError'))
    return new MosaicError(`${what} got no whole answer within ${timeoutMs} ms.`, { kind: 'timeout', ambiguous: true });
  const code = codeOf(error);
  const sent = code === undefined || !neverSent.test(code);
  const outcome = sent ? 'whether it arrived is not known' : 'it was not sent';
  return new MosaicError(
    `${what} failed on the network (${code ?? 'no code'}); ${outcome}. Check the API's address and the network.`,
    { kind: 'network', ambiguous: sent },
  );
}

/** Failures that come before the first byte of a request: no name, no route, no connection, no trusted certificate. */
const neverSent =
  /^(ECONNREFUSED|ENOTFOUND|EAI_\w+|ENETUNREACH|EHOSTUNREACH|EADDRNOTAVAIL|UND_ERR_CONNECT_TIMEOUT|ERR_INVALID_URL|ERR_TLS_\w+|ERR_SSL_\w+|CERT_\w+|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_\w+)$/;

function codeOf(error: unknown): string | undefined {
  for (let at = error; at instanceof Error; at = at.cause)
    if ('code' in at && typeof at.code === 'string') return at.code;
  return undefined;
}
