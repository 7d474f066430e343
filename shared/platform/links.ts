import { Agent, request } from 'undici';
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
  let url = allowed(link, options.trustedHosts);
  for (let hop = 0; ; hop += 1) {
    const answer = await get(url, options);
    const location = answer.headers.location;
    if (!redirects.has(answer.status) || location === undefined) return answer;
    answer.discard();
    if (hop === redirectLimit) throw new Rejected(`${showLink(link)} redirects more than ${redirectLimit} times.`);
    url = allowed(location, options.trustedHosts, url);
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
  const url = allowed(link, options.trustedHosts);
  try {
    const answer = await request(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...options.headers },
      body: JSON.stringify(body),
      dispatcher: agentFor(url, options.trustedHosts),
      signal: AbortSignal.timeout(options.timeoutMs ?? 30_000),
    });
    // The answer's text is nobody's business; the connection is freed all the same.
    await answer.body.dump({ limit: 65_536 });
    return { status: answer.statusCode };
  } catch (error) {
    throw unreachable(url, error);
  }
}

/** Host and path of a link, which is all of it that may be shown. */
export function showLink(link: string | URL): string {
  if (!URL.canParse(String(link))) return 'a link that is not a URL';
  const url = new URL(link);
  return `${url.host}${url.pathname}`;
}

/** The link as a URL, when it may be fetched at all. */
function allowed(link: string, trustedHosts: readonly string[], base?: URL): URL {
  if (!URL.canParse(link, base?.href)) throw new InvalidInput('The link is not a URL.');
  const url = new URL(link, base);
  const shown = showLink(url);
  if (url.username !== '' || url.password !== '')
    throw new Rejected(`${shown} carries a user name; that is not taken.`);
  if (isTrusted(url, trustedHosts)) {
    if (url.protocol === 'https:' || url.protocol === 'http:') return url;
    throw new Rejected(`${shown} is neither http nor https.`);
  }
  if (url.protocol !== 'https:') throw new Rejected(`${shown} is not https, and ${url.host} is not a trusted host.`);
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

const publicOnly = new Agent({ connect: { lookup: lookupPublic, timeout: 10_000 } });
const anywhere = new Agent({ connect: { timeout: 10_000 } });

const agentFor = (url: URL, trustedHosts: readonly string[]): Agent =>
  isTrusted(url, trustedHosts) ? anywhere : publicOnly;

async function get(url: URL, options: LinkOptions): Promise<LinkAnswer> {
  const [first, last] = options.range ?? [];
  try {
    const answer = await request(url, {
      headers: {
        // Lengths and checksums are of the bytes that are kept, so nothing may be packed on the way.
        'accept-encoding': 'identity',
        ...(first === undefined ? {} : { range: `bytes=${first}-${last ?? ''}` }),
        ...(options.ifMatch === undefined ? {} : { 'if-match': options.ifMatch }),
      },
      dispatcher: agentFor(url, options.trustedHosts),
      signal: options.signal,
      headersTimeout: options.headersTimeoutMs ?? 30_000,
      bodyTimeout: options.bodyTimeoutMs ?? 60_000,
    });
    // Without a listener, an error after `discard` would end the process.
    answer.body.on('error', () => {});
    return {
      status: answer.statusCode,
      headers: single(answer.headers),
      body: named(answer.body, url),
      discard: () => void answer.body.destroy(),
    };
  } catch (error) {
    throw unreachable(url, error);
  }
}

const single = (headers: Record<string, string | string[] | undefined>): Record<string, string | undefined> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value[0] : value]));

async function* named(body: AsyncIterable<Uint8Array>, url: URL): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch (error) {
    throw unreachable(url, error);
  }
}

function unreachable(url: URL, error: unknown): Error {
  if (error instanceof PermanentError) return error;
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'PRIVATE_ADDRESS') return privateAddress(showLink(url));
  const name = error instanceof Error ? error.name : 'unknown error';
  return new Error(`The connection to ${showLink(url)} failed (${typeof code === 'string' ? code : name}).`);
}

const privateAddress = (shown: string): Rejected =>
  new Rejected(`${shown} leads to an address that is not public. If that is meant, make its host a trusted one.`);
