import { type ClientRequest, Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { InvalidInput, PermanentError, Rejected } from '../errors.ts';
import { isPublicAddress, lookupPublic } from './public-addresses.ts';

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
}

export interface LinkAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Consume it to the end or discard it. */
  readonly body: AsyncIterable<Uint8Array>;
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
    const answer = await send(url, { ...options, method: 'POST', headers, body: JSON.stringify(body), signal });
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
  const { trustedHosts, signal, headersTimeoutMs = 30_000, bodyTimeoutMs = 60_000 } = options;
  const [first, last] = options.range ?? [];
  const headers = {
    // Lengths and checksums are of the bytes that are kept, so nothing may be packed on the way.
    'accept-encoding': 'identity',
    ...(first === undefined ? {} : { range: `bytes=${first}-${last ?? ''}` }),
    ...(options.ifMatch === undefined ? {} : { 'if-match': options.ifMatch }),
  };
  try {
    const answer = await send(url, { method: 'GET', headers, trustedHosts, signal, headersTimeoutMs });
    // Without a listener, an error after `discard` would end the process.
    answer.on('error', () => {});
    return {
      status: answer.statusCode ?? 0,
      headers: single(answer.headers),
      body: named(answer, url, bodyTimeoutMs),
      discard: () => void answer.destroy(),
    };
  } catch (error) {
    throw unreachable(url, error);
  }
}

interface Sending {
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly trustedHosts: readonly string[];
  readonly signal?: AbortSignal;
  readonly headersTimeoutMs?: number;
}

/**
 * Node's own client: undici 7 ends the process when a server closes its connection while the reader is behind
 * (https://github.com/nodejs/undici/issues/5360). A connection is used once; one kept may have died unseen.
 */
function send(
  url: URL,
  { method, headers, body, trustedHosts, signal, headersTimeoutMs }: Sending,
): Promise<IncomingMessage> {
  const lookup = isTrusted(url, trustedHosts) ? undefined : lookupPublic;
  const https = url.protocol === 'https:';
  const agent = https ? new HttpsAgent({ lookup }) : new HttpAgent({ lookup });
  return new Promise((resolve, reject) => {
    const sent: ClientRequest = (https ? httpsRequest : httpRequest)(url, { method, headers, agent, signal });
    const late = setTimeout(() => sent.destroy(coded('HEADERS_TIMEOUT')), headersTimeoutMs ?? 30_000);
    sent.once('close', () => clearTimeout(late));
    sent.once('response', (answer) => {
      clearTimeout(late);
      resolve(answer);
    });
    sent.once('error', reject);
    sent.end(body);
  });
}

const coded = (code: string): Error => Object.assign(new Error(code), { code });

const single = (headers: Record<string, string | string[] | undefined>): Record<string, string | undefined> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value[0] : value]));

/** Only the other side's silence is timed, not the time that the reader takes. */
async function* named(answer: IncomingMessage, url: URL, bodyTimeoutMs: number): AsyncGenerator<Uint8Array> {
  const silence = () => setTimeout(() => answer.destroy(coded('BODY_TIMEOUT')), bodyTimeoutMs);
  let waiting = silence();
  try {
    for await (const piece of answer) {
      clearTimeout(waiting);
      yield piece;
      waiting = silence();
    }
  } catch (error) {
    throw unreachable(url, error);
  } finally {
    clearTimeout(waiting);
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
