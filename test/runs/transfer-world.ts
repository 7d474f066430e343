import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { openLocal } from '../../shared/platform/local/index.ts';
import { type RememberedTransfer, type TransferDeps, type TransferJob, transfer } from '../../shared/runs/transfer.ts';

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

type Answer = (request: IncomingMessage, response: ServerResponse, asked: Asked) => void;

export interface SourceServer {
  readonly host: string;
  readonly asked: Asked[];
  /** Bytes of whole answers' bodies. */
  bytesServed(): number;
  /** What answers from now on; the default is an honest storage. */
  answerWith(answer: Answer): void;
  link(): string;
}

export const etagOf = (file: Buffer): string => `"${createHash('md5').update(file).digest('hex')}"`;

/** A storage that knows ranges and preconditions. */
export function honest(file: Buffer, more: { etag?: string; type?: string } = {}): Answer {
  const etag = more.etag ?? etagOf(file);
  return (request, response) => {
    const wanted = request.headers['if-match'];
    if (wanted !== undefined && wanted !== etag) return void response.writeHead(412).end();
    const [, from = '0', to = ''] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? [];
    const [first, last] = [Number(from), to === '' ? file.length - 1 : Number(to)];
    response.writeHead(206, {
      'content-type': more.type ?? 'video/mp4',
      'content-range': `bytes ${first}-${last}/${file.length}`,
      'content-length': last - first + 1,
      ...(etag === '' ? {} : { etag }),
    });
    response.end(file.subarray(first, last + 1));
  };
}

export async function sourceServer(answer: Answer): Promise<SourceServer> {
  let current = answer;
  let served = 0;
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    const ask = { path: request.url ?? '', range: request.headers.range, ifMatch: request.headers['if-match'] };
    asked.push(ask);
    const end = response.end.bind(response);
    response.end = ((chunk?: Buffer) => {
      served += chunk?.length ?? 0;
      return end(chunk);
    }) as typeof response.end;
    current(request, response, ask);
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
    answerWith: (next) => {
      current = next;
    },
    link: () => `http://${host}/renders/a.mp4?signature=TOPSECRET`,
  };
}

/** A bucket in a folder of its own and a way to run one attempt of a copy into it. */
export async function transferWorld(source: SourceServer) {
  const folder = await mkdtemp(join(tmpdir(), 'transfer-'));
  const platform = openLocal({ folder });
  onTestFinished(async () => {
    platform.close();
    await rm(folder, { recursive: true, force: true });
  });
  const bucket = platform.bucket('deliveries');
  const memory: { state?: RememberedTransfer } = {};
  const attempt = (over: Partial<TransferJob> = {}, deps: Partial<TransferDeps> = {}) =>
    transfer(
      { bucket, trustedHosts: [source.host], ...deps },
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
  const delivered = async (key = 'out/a.mp4'): Promise<Buffer> => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of (await bucket.read(key)).body) chunks.push(chunk);
    return Buffer.concat(chunks);
  };
  return { bucket, memory, attempt, delivered };
}
