import { type ClientRequest, Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { lookupPublic } from './public-addresses.ts';

export interface Sending {
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** May be in a private network. */
  readonly isTrusted: boolean;
  /** Uses a connection that was left open, and leaves this one open; only for what may be sent twice. */
  readonly keepAlive?: boolean;
  readonly signal?: AbortSignal;
  readonly headersTimeoutMs?: number;
}

/**
 * Node's own client: undici 7 ends the process when a server closes its connection while the reader is behind
 * (https://github.com/nodejs/undici/issues/5360).
 */
export async function sendRequest(url: URL, sending: Sending): Promise<IncomingMessage> {
  if (!sending.keepAlive) return (await send(url, sending, ownAgent(url, sending))).answer;
  const kept = await send(url, sending, keptAgent(url, sending)).catch((error: unknown) => {
    if (error instanceof KeptConnectionDied) return undefined;
    throw error;
  });
  return (kept ?? (await send(url, sending, ownAgent(url, sending)))).answer;
}

/** The server had closed the idle connection without an answer, so the request is sent again. */
class KeptConnectionDied extends Error {}

function send(
  url: URL,
  { method, headers, body, signal, headersTimeoutMs = 30_000 }: Sending,
  agent: HttpAgent,
): Promise<{ answer: IncomingMessage }> {
  const request = url.protocol === 'https:' ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const sent: ClientRequest = request(url, { method, headers, agent, signal });
    const late = setTimeout(() => sent.destroy(coded('HEADERS_TIMEOUT')), headersTimeoutMs);
    sent.once('close', () => {
      clearTimeout(late);
      // Node reports no error when the server switches to another protocol.
      reject(coded('ECONNRESET'));
    });
    sent.once('response', (answer) => {
      clearTimeout(late);
      resolve({ answer });
    });
    sent.on('error', (error: NodeJS.ErrnoException) => {
      const died = sent.reusedSocket && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
      reject(died ? new KeptConnectionDied() : error);
    });
    sent.end(body);
  });
}

const agentFor = (url: URL, { isTrusted }: Sending, keepAlive: boolean): HttpAgent => {
  const options = { keepAlive, lookup: isTrusted ? undefined : lookupPublic, ...(keepAlive && { timeout: idleMs }) };
  return url.protocol === 'https:' ? new HttpsAgent(options) : new HttpAgent(options);
};

const ownAgent = (url: URL, sending: Sending): HttpAgent => agentFor(url, sending, false);

/** Shorter than most servers wait before they close a connection that nobody uses. */
const idleMs = 4_000;
const keptAgents = new Map<string, HttpAgent>();

/** What was opened for a trusted host, without a look at its address, is never used for one that is not trusted. */
function keptAgent(url: URL, sending: Sending): HttpAgent {
  const name = `${url.protocol} ${sending.isTrusted}`;
  const agent = keptAgents.get(name) ?? agentFor(url, sending, true);
  keptAgents.set(name, agent);
  return agent;
}

const coded = (code: string): Error => Object.assign(new Error(code), { code });

/** Only the other side's silence is timed, not the time that the reader takes. */
export async function* piecesOf(answer: IncomingMessage, silenceMs: number): AsyncGenerator<Uint8Array> {
  const silence = () => setTimeout(() => answer.destroy(coded('BODY_TIMEOUT')), silenceMs);
  let waiting = silence();
  try {
    for await (const piece of answer) {
      clearTimeout(waiting);
      yield piece;
      waiting = silence();
    }
  } finally {
    clearTimeout(waiting);
  }
}

/** The same without an iterator's promises for each piece: some thousands in each gigabyte. */
export function pourPieces(
  answer: IncomingMessage,
  silenceMs: number,
  take: (piece: Uint8Array) => Promise<void> | undefined,
): Promise<void> {
  return new Promise((resolve, reject) => {
    // Nothing tells anybody any more of what happened before.
    if (answer.destroyed) return reject(answer.errored ?? coded('ECONNRESET'));
    const waiting = setTimeout(() => {
      // While the reader takes its time nothing is due.
      if (answer.isPaused()) waiting.refresh();
      else end(coded('BODY_TIMEOUT'));
    }, silenceMs);
    const end = (error?: unknown) => {
      clearTimeout(waiting);
      if (error === undefined) return resolve();
      answer.destroy();
      reject(error);
    };
    answer.on('data', (piece: Uint8Array) => {
      waiting.refresh();
      try {
        const busy = take(piece);
        if (busy === undefined) return;
        answer.pause();
        busy.then(() => void answer.resume(), end);
      } catch (error) {
        end(error);
      }
    });
    answer.once('end', () => end());
    answer.once('error', end);
    answer.once('close', () => end(coded('ECONNRESET')));
  });
}
