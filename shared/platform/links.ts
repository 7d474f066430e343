import type { IncomingMessage } from 'node:http';
import { InvalidInput, PermanentError, Rejected } from '../errors.ts';
import { piecesOf, pourPieces, sendRequest } from './link-request.ts';
import { isPublicAddress } from './public-addresses.ts';

export interface LinkOptions {
  /** First and last byte, inclusive; without a last one, to the end. */
  readonly range?: readonly [first: number, last?: number];
  /** A strong ETag with its quotes: 412 when the other side has something else by now. */
  readonly ifMatch?: string;
  readonly signal?: AbortSignal;
  /** `host` or `host:port` that may be plain HTTP and in a private network. */
  readonly trustedHosts: readonly string[];
  readonly headersTimeoutMs?: number;
  /** The longest silence between two pieces of the body. */
  readonly bodyTimeoutMs?: number;
  /** Leaves the connection open, when the body was read to its end, for the next link to the same host. */
  readonly keepAlive?: boolean;
}

export interface LinkAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Consume it to the end or discard it. */
  readonly body: AsyncIterable<Uint8Array>;
  /**
   * Instead of `body`, and cheaper: gives each piece to `take`, and the next one only when a promise that it returned
   * has resolved. What `take` throws ends it.
   */
  readonly pour?: (take: (piece: Uint8Array) => Promise<void> | undefined) => Promise<void>;
  discard(): void;
}

const redirectLimit = 3;
const redirects = new Set([301, 302, 303, 307, 308]);

/**
 * Reads a link that someone else gave us. Only https and only public addresses, also after a redirect, unless the
 * host is trusted; the name is resolved once, by the connection itself, so it cannot change in between.
 */
export async function openLink(link: string, options: LinkOptions): Promise<LinkAnswer> {
  let url = allowedUrl(link, options.trustedHosts);
  for (let hop = 0; ; hop += 1) {
    const answer = await get(url, options);
    const location = answer.headers.location;
    if (!redirects.has(answer.status) || location === undefined) return answer;
    answer.discard();
    if (hop === redirectLimit) throw new Rejected(`${showLink(link)} redirects more than ${redirectLimit} times.`);
    url = allowedUrl(location, options.trustedHosts, url);
  }
}

/** Posts a JSON body and answers with the status; redirects are not followed. The same addresses are allowed. */
export async function postJson(
  link: string,
  body: unknown,
  options: {
    readonly headers?: Readonly<Record<string, string>>;
    readonly trustedHosts: readonly string[];
    readonly timeoutMs?: number;
  },
): Promise<{ status: number }> {
  const url = allowedUrl(link, options.trustedHosts);
  const signal = AbortSignal.timeout(options.timeoutMs ?? 30_000);
  try {
    const headers = { 'content-type': 'application/json', ...options.headers };
    const sending = { headers, body: JSON.stringify(body), isTrusted: isTrusted(url, options.trustedHosts), signal };
    const answer = await sendRequest(url, { method: 'POST', ...sending });
    // The answer's text is nobody's business.
    answer.destroy();
    return { status: answer.statusCode ?? 0 };
  } catch (error) {
    throw unreachable(url, signal.aborted ? signal.reason : error);
  }
}

/** Host and path of a link, which is all of it that may be shown. */
export function showLink(link: string | URL): string {
  if (!URL.canParse(String(link))) return 'a link that is not a URL';
  const url = new URL(link);
  return `${url.host}${url.pathname}`;
}

/** The link as a URL, when it may be opened or called at all; throws why not. */
export function allowedUrl(link: string, trustedHosts: readonly string[], base?: URL): URL {
  if (!URL.canParse(link, base?.href)) throw new InvalidInput('The link is not a URL.');
  const url = new URL(link, base);
  const shown = showLink(url);
  if (url.username !== '' || url.password !== '')
    throw new Rejected(`${shown} carries a user name; that is not taken.`);
  if (isTrusted(url, trustedHosts)) {
    if (url.protocol === 'https:' || url.protocol === 'http:') return url;
    throw new Rejected(`${shown} is neither http nor https.`);
  }
  if (url.protocol === 'http:') throw new Rejected(`${shown} is not https, and ${url.host} is not a trusted host.`);
  if (url.protocol !== 'https:')
    throw new Rejected(`A link that begins with ${url.protocol} is not taken, only https.`);
  // The connection looks up names only; an address written out must be judged here.
  const address = url.hostname.replace(/^\[|\]$/g, '');
  if (isPublicAddress(address) === false) throw privateAddress(shown);
  return url;
}

function isTrusted(url: URL, trustedHosts: readonly string[]): boolean {
  const port = url.port || (url.protocol === 'https:' ? '443' : '80');
  const names = [url.hostname, url.host, `${url.hostname}:${port}`];
  return trustedHosts.some((host) => names.includes(host.trim().toLowerCase()));
}

async function get(url: URL, options: LinkOptions): Promise<LinkAnswer> {
  const { trustedHosts, signal, headersTimeoutMs = 30_000, bodyTimeoutMs = 60_000, keepAlive } = options;
  const [first, last] = options.range ?? [];
  const headers = {
    // Lengths and checksums are of the bytes that are kept, so nothing may be packed on the way.
    'accept-encoding': 'identity',
    ...(first === undefined ? {} : { range: `bytes=${first}-${last ?? ''}` }),
    ...(options.ifMatch === undefined ? {} : { 'if-match': options.ifMatch }),
  };
  try {
    const sending = { headers, isTrusted: isTrusted(url, trustedHosts), signal, headersTimeoutMs, keepAlive };
    const answer = await sendRequest(url, { method: 'GET', ...sending });
    // Without a listener, an error after `discard` would end the process.
    answer.on('error', () => {});
    return {
      status: answer.statusCode ?? 0,
      headers: single(answer.headers),
      body: named(answer, url, bodyTimeoutMs),
      pour: (take) => pour(answer, url, bodyTimeoutMs, take),
      discard: () => void answer.destroy(),
    };
  } catch (error) {
    throw unreachable(url, error);
  }
}

const single = (headers: Record<string, string | string[] | undefined>): Record<string, string | undefined> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value[0] : value]));

/** What the connection throws is told with host and path only; what the reader throws is the reader's. */
async function* named(answer: IncomingMessage, url: URL, bodyTimeoutMs: number): AsyncGenerator<Uint8Array> {
  try {
    yield* piecesOf(answer, bodyTimeoutMs);
  } catch (error) {
    throw unreachable(url, error);
  }
}

async function pour(
  answer: IncomingMessage,
  url: URL,
  bodyTimeoutMs: number,
  take: (piece: Uint8Array) => Promise<void> | undefined,
): Promise<void> {
  let own: { error: unknown } | undefined;
  const taken = (error: unknown): never => {
    own = { error };
    throw error;
  };
  try {
    await pourPieces(answer, bodyTimeoutMs, (piece) => {
      try {
        return take(piece)?.catch(taken);
      } catch (error) {
        return taken(error);
      }
    });
  } catch (error) {
    throw own ? own.error : unreachable(url, error);
  }
}

function unreachable(url: URL, error: unknown): Error {
  if (error instanceof PermanentError) return error;
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'PRIVATE_ADDRESS') return privateAddress(showLink(url));
  if (code === 'ABORT_ERR' || (error instanceof Error && error.name === 'TimeoutError'))
    return new Error(`${showLink(url)} gave no answer in time.`);
  const name = error instanceof Error ? error.name : 'unknown error';
  return new Error(`The connection to ${showLink(url)} failed (${typeof code === 'string' ? code : name}).`);
}

const privateAddress = (shown: string): Rejected =>
  new Rejected(`${shown} leads to an address that is not public. If that is meant, make its host a trusted one.`);
