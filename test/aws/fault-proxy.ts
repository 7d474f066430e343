import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Exchange {
  /** What the SDK calls the operation, for example `SendMessageBatch`. */
  readonly operation: string;
  readonly method: string;
  readonly request: Buffer;
  /** Passes the request on, as it is or with another body. */
  forward(body?: Buffer | string): Promise<{ status: number; headers: Record<string, string>; body: string }>;
}

export interface Reply {
  readonly status: number;
  readonly headers?: Record<string, string>;
  readonly body: string;
}

/** What no longer holds once the body was read, or changed. */
const changing = /^(content-encoding|transfer-encoding|connection|x-amz-crc32)$/;

/** Stands between the SDK and an emulator, and spoils what a test wants spoiled; everything else passes. */
export async function startFaultProxy(
  target: string,
  spoil: (exchange: Exchange) => Promise<Reply | 'lost' | undefined>,
): Promise<{ url: string; stop: () => Promise<void> }> {
  const server = createServer(async (request, response) => {
    const body = await bodyOf(request);
    const headers = Object.fromEntries(
      Object.entries(request.headers).flatMap(([name, value]) =>
        typeof value === 'string' && !['host', 'connection', 'content-length', 'expect'].includes(name)
          ? [[name, value]]
          : [],
      ),
    );
    const method = request.method ?? 'GET';
    const forward = async (changed: Buffer | string = body) => {
      const hasBody = method !== 'GET' && method !== 'HEAD';
      const init = { method, headers, ...(hasBody && { body: new Uint8Array(Buffer.from(changed)) }) };
      const answer = await fetch(`${target}${request.url}`, init);
      const kept = [...answer.headers].filter(
        ([name]) => !changing.test(name) && (method === 'HEAD' || name !== 'content-length'),
      );
      return { status: answer.status, headers: Object.fromEntries(kept), body: await answer.text() };
    };
    const operation =
      String(request.headers['x-amz-target'] ?? '')
        .split('.')
        .at(-1) ?? '';
    const reply = (await spoil({ operation, method, request: body, forward })) ?? (await forward());
    if (reply === 'lost') return void request.socket.destroy();
    response.writeHead(reply.status, reply.headers).end(reply.body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}
