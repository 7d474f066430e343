import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { whenListening } from '../../support/listen.ts';
import { crc32cOfContent, makeContent, piece } from './content.ts';

/** What the source is told, and what it answers. */
export type SourceOrder =
  | { readonly kind: 'limit'; readonly bytesPerSecond?: number }
  | { readonly kind: 'forget' }
  | { readonly kind: 'tell' };
export type SourceReport =
  | { readonly kind: 'listening'; readonly url: string; readonly host: string }
  | { readonly kind: 'done' }
  | ({ readonly kind: 'served' } & Served);
export interface Served {
  readonly bytes: number;
  readonly requests: number;
  /** At once. */
  readonly connections: number;
}

/** As much as goes out at once; small enough that a limited connection flows evenly. */
const chunkBytes = 1024 * 1024;
const limitedChunkBytes = 256 * 1024;

const content = makeContent();
const sums = new Map<number, Promise<string>>();
let limit: number | undefined;
let requests = 0;
/** Of connections that are gone; those that are open are asked. */
let closedBytes = 0;
let mostConnections = 0;
const sockets = new Set<import('node:net').Socket>();

/** `GET /<bytes>/<any name>`: an object of that many bytes, by ranges too, with a strong ETag and its CRC32C. */
async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  requests += 1;
  const size = Number(/^\/(\d+)\//.exec(request.url ?? '')?.[1]);
  if (!Number.isSafeInteger(size) || size < 1) return void response.writeHead(404).end();
  const crc32c = await sumOf(size);
  const etag = `"${size}-${crc32c}"`;
  const common = {
    'content-type': 'video/mp4',
    'accept-ranges': 'bytes',
    etag,
    'x-goog-hash': `crc32c=${Buffer.from(crc32c, 'hex').toString('base64')}`,
  };
  const wanted = request.headers['if-match'];
  if (wanted !== undefined && wanted !== etag) return void response.writeHead(412).end();
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
  const first = Number(range?.[1] ?? 0);
  const last = Math.min(range?.[2] ? Number(range[2]) : size - 1, size - 1);
  if (first > last) return void response.writeHead(416, { 'content-range': `bytes */${size}` }).end();
  response.writeHead(range ? 206 : 200, {
    ...common,
    'content-length': last - first + 1,
    ...(range && { 'content-range': `bytes ${first}-${last}/${size}` }),
  });
  if (request.method === 'HEAD') return void response.end();
  await send(response, first, last);
}

async function send(response: ServerResponse, first: number, last: number): Promise<void> {
  const begin = performance.now();
  const rate = limit;
  for (let at = first; at <= last && !response.destroyed; ) {
    const bytes = piece(content, at, Math.min(rate === undefined ? chunkBytes : limitedChunkBytes, last + 1 - at));
    at += bytes.length;
    if (!response.write(bytes)) await drained(response);
    // By the clock and not by pauses: a timer that comes late does not make the connection slower than its limit.
    if (rate !== undefined) await sleep(Math.max(0, begin + ((at - first) / rate) * 1000 - performance.now()));
  }
  response.end();
}

const drained = (response: ServerResponse): Promise<void> =>
  new Promise((resolve) => {
    const go = () => {
      response.off('drain', go);
      response.off('close', go);
      resolve();
    };
    response.on('drain', go);
    response.on('close', go);
  });

function sumOf(size: number): Promise<string> {
  const known = sums.get(size) ?? crc32cOfContent(content, size);
  sums.set(size, known);
  return known;
}

const server = createServer((request, response) => void serve(request, response));
server.on('connection', (socket) => {
  sockets.add(socket);
  mostConnections = Math.max(mostConnections, sockets.size);
  socket.on('close', () => {
    sockets.delete(socket);
    closedBytes += socket.bytesWritten;
  });
});
const { url, host } = await whenListening(server.listen(0, '127.0.0.1'));

process.on('message', (order: SourceOrder) => {
  if (order.kind === 'limit') limit = order.bytesPerSecond;
  if (order.kind === 'forget') {
    requests = 0;
    mostConnections = sockets.size;
    closedBytes = -openBytes();
  }
  report(
    order.kind === 'tell'
      ? { kind: 'served', bytes: closedBytes + openBytes(), requests, connections: mostConnections }
      : { kind: 'done' },
  );
});
process.on('disconnect', () => process.exit());
report({ kind: 'listening', url, host });

const openBytes = (): number => [...sockets].reduce((sum, { bytesWritten }) => sum + bytesWritten, 0);

function report(report: SourceReport): void {
  process.send?.(report);
}
