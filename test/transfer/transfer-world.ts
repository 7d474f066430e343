import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { openLocal } from '../../shared/platform/local/index.ts';
import type { Bucket } from '../../shared/platform/ports.ts';
import {
  type RememberedTransfer,
  type TransferDeps,
  type TransferJob,
  type Transferred,
  transfer,
} from '../../shared/transfer/transfer.ts';

export const mebibyte = 1024 * 1024;

/** Bytes that begin like an MP4; every 64 KiB differ from all others. */
export function movie(bytes: number, seed = 1): Buffer {
  const block = createHash('sha512').update(`movie ${seed}`).digest();
  const file = Buffer.alloc(bytes, block);
  for (let at = 65_536; at + 4 <= bytes; at += 65_536) file.writeUInt32LE(at, at);
  file.write('\0\0\0\x20ftypisom', 0, 'latin1');
  return file;
}

export interface Asked {
  readonly path: string;
  readonly range?: string;
  readonly ifMatch?: string;
}

export type Answer = (request: IncomingMessage, response: ServerResponse, asked: Asked) => void;

export interface SourceServer {
  readonly host: string;
  readonly asked: Asked[];
  /** Bytes of whole answers' bodies. */
  bytesServed(): number;
  /** The most requests that were under way at once. */
  peak(): number;
  /** Connections that were opened in all. */
  connections(): number;
  /** What answers from now on; the default is an honest storage. */
  answerWith(answer: Answer): void;
  link(): string;
}

export const etagOf = (file: Buffer): string => `"${createHash('md5').update(file).digest('hex')}"`;

/** A storage that knows ranges and preconditions. */
export function honest(
  file: Buffer,
  more: { readonly etag?: string; readonly type?: string; readonly headers?: Readonly<Record<string, string>> } = {},
): Answer {
  const etag = more.etag ?? etagOf(file);
  return (request, response) => {
    const wanted = request.headers['if-match'];
    if (wanted !== undefined && wanted !== etag) return void response.writeHead(412).end();
    const [, from = '0', to = ''] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? [];
    const [first, last] = [Number(from), to === '' ? file.length - 1 : Math.min(Number(to), file.length - 1)];
    response.writeHead(206, {
      'content-type': more.type ?? 'video/mp4',
      'content-range': `bytes ${first}-${last}/${file.length}`,
      'content-length': last - first + 1,
      ...(etag === '' ? {} : { etag }),
      ...more.headers,
    });
    response.end(file.subarray(first, last + 1));
  };
}

export async function sourceServer(answer: Answer): Promise<SourceServer> {
  let current = answer;
  let served = 0;
  let underWay = 0;
  let peak = 0;
  let connections = 0;
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    const ask = { path: request.url ?? '', range: request.headers.range, ifMatch: request.headers['if-match'] };
    asked.push(ask);
    underWay += 1;
    peak = Math.max(peak, underWay);
    response.once('close', () => {
      underWay -= 1;
    });
    const end = response.end.bind(response);
    response.end = ((chunk?: Buffer) => {
      served += chunk?.length ?? 0;
      return end(chunk);
    }) as typeof response.end;
    current(request, response, ask);
  });
  server.on('connection', () => {
    connections += 1;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    host,
    asked,
    bytesServed: () => served,
    peak: () => peak,
    connections: () => connections,
    answerWith: (next) => {
      current = next;
    },
    link: () => `http://${host}/renders/a.mp4?signature=TOPSECRET`,
  };
}

export class Crash extends Error {}

/** Dies before or after the n-th call of that name, like a process that is killed there: nothing goes out from then on. */
export function dyingBucket(
  bucket: Bucket,
  call: keyof Bucket,
  n: number,
  when: 'before' | 'after' = 'before',
): Bucket {
  let seen = 0;
  let isDead = false;
  const dying = (name: keyof Bucket, perform: (...args: never[]) => Promise<unknown>) => {
    return async (...args: never[]) => {
      if (isDead) throw new Crash('It is dead.');
      if (name === call) seen += 1;
      if (name !== call || seen !== n) return perform(...args);
      isDead = when === 'before';
      if (isDead) throw new Crash('killed');
      const done = await perform(...args);
      isDead = true;
      throw new Crash(`killed after ${String(done)}`);
    };
  };
  const wrapped = Object.entries(bucket).map(([name, value]) => [
    name,
    typeof value === 'function' ? dying(name as keyof Bucket, value as () => Promise<unknown>) : value,
  ]);
  return Object.fromEntries(wrapped) as Bucket;
}

/** A bucket in a folder of its own and a way to run one attempt of a copy into it. */
export async function transferWorld(source: SourceServer) {
  const world = await transferWorldOf(source);
  onTestFinished(world.close);
  return world;
}

/** The same for many in one test, each closed by whoever opened it; without a server, `openLink` is to be given. */
export async function transferWorldOf(source: Pick<SourceServer, 'host' | 'link'> = nowhere) {
  const folder = await mkdtemp(join(tmpdir(), 'transfer-'));
  const platform = openLocal({ folder });
  const close = async () => {
    platform.close();
    await rm(folder, { recursive: true, force: true });
  };
  const bucket = platform.bucket('deliveries');
  const memory: { state?: RememberedTransfer } = {};
  /** One slice: to its end, where no deadline is given. */
  const slice = (over: Partial<TransferJob> = {}, deps: Partial<TransferDeps> = {}) =>
    transfer(
      { bucket, clock: Date.now, trustedHosts: [source.host], ...deps },
      {
        openLinkNow: async () => source.link(),
        keyFor: (extension) => `out/a.${extension}`,
        identity: { 'run-id': 'run-1', 'output-id': 'output-1' },
        remembered: memory.state,
        remember: async (state) => {
          memory.state = state;
        },
        ...over,
      },
    );
  const attempt = async (...given: Parameters<typeof slice>): Promise<Transferred> => {
    const ended = await slice(...given);
    if (ended.outcome === 'handed-over') throw new Error('It was handed over.');
    return ended;
  };
  const delivered = async (key = 'out/a.mp4'): Promise<Buffer> => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of (await bucket.read(key)).body) chunks.push(chunk);
    return Buffer.concat(chunks);
  };
  return { bucket, memory, attempt, slice, delivered, close };
}

const nowhere = { host: 'nowhere.test', link: () => 'https://nowhere.test/renders/a.mp4?signature=TOPSECRET' };
