import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { createLog } from '../../../shared/log.ts';
import { postJson } from '../../../shared/platform/links.ts';
import type { RunEventTold } from '../../../shared/runs/notify/event.ts';
import { sendWebhook } from '../../../shared/runs/notify/send-webhook.ts';

const event = { type: 'Run Started', timestamp: '2026-01-02T03:04:05.000Z', data: { id: 'a-2', runId: 'a' } };

let close = () => {};
afterEach(() => close());

/** A receiver by what it does with a connection once something was sent to it. */
async function receiver(behave: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.once('data', () => behave(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  close = () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  return `127.0.0.1:${(server.address() as { port: number }).port}`;
}

function send(url: string, trustedHosts: readonly string[] = [], timeoutMs = 10_000) {
  const lines: object[] = [];
  const counted: unknown[] = [];
  const deps = {
    ...{ runs: {} as never, clock: Date.now, log: createLog((line) => lines.push(line)), trustedHosts },
    metrics: { count: (...all: unknown[]) => counted.push(all), milliseconds: () => {}, bytes: () => {} },
    signingSecrets: async () => ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'],
    postWebhook: ((link, body, options) => postJson(link, body, { ...options, timeoutMs })) as typeof postJson,
  };
  const sent = sendWebhook(deps as never, url, event as unknown as RunEventTold);
  return { sent, lines, counted };
}

const keepWriting = (socket: Socket, piece: string) => {
  const more = () => {
    while (!socket.destroyed && socket.write(piece));
  };
  socket.on('drain', more);
  more();
};

describe('a receiver that means harm', () => {
  test('answers without end: its status counts, and nothing of the rest is read', async () => {
    let closed: Promise<unknown> = Promise.resolve();
    const host = await receiver((socket) => {
      closed = new Promise<void>((resolve) => socket.on('close', () => resolve()));
      socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
      keepWriting(socket, `10000\r\n${'x'.repeat(0x10000)}\r\n`);
    });
    expect(await send(`http://${host}/`, [host]).sent).toBe('sent');
    await closed;
  });

  test.each<[string, (socket: Socket) => void]>([
    ['never answers', () => {}],
    ['sends headers without end', (socket) => keepWriting(socket.setNoDelay(), 'HTTP/1.1 200 OK\r\nX-A: b\r\n')],
    ['sends a line without end', (socket) => keepWriting(socket, 'HTTP/1.1 200 OK'.padEnd(4096, 'x'))],
    ['says again and again that it will answer', (socket) => keepWriting(socket, 'HTTP/1.1 103 Early Hints\r\n\r\n')],
    ['speaks no HTTP', (socket) => socket.end('hello\r\n')],
    ['hangs up', (socket) => socket.destroy()],
    ['hangs up half way', (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-')],
  ])('%s: it is asked again later', async (_what, behave) => {
    const host = await receiver(behave);
    const { sent, counted } = send(`http://${host}/hook`, [host], 200);
    await expect(sent).rejects.toThrow(host);
    expect(counted).toEqual([['Webhooks', 1, { outcome: 'failed' }]]);
  });

  test.each([
    'https://127.0.0.1/',
    'https://[::1]/',
    'https://10.0.0.8/',
    'https://169.254.169.254/latest/meta-data/',
    'https://localhost/',
    'https://2130706433/',
    'https://0x7f.1/',
    'https://[::ffff:127.0.0.1]/',
  ])('leads into a private network by %s: nothing is sent there', async (url) => {
    await expect(send(url).sent).rejects.toThrow('not public');
  });

  test.each(['http://example.com/', 'ftp://example.com/', 'https://me:pw@example.com/'])(
    'is not asked at all at %s',
    async (url) => {
      await expect(send(url).sent).rejects.toThrow(/not https|only https|user name/);
    },
  );
});

describe('a receiver’s answer', () => {
  const answering = (status: number) =>
    receiver((socket) => socket.end(`HTTP/1.1 ${status} X\r\nLocation: /on\r\nContent-Length: 0\r\n\r\n`));

  test.each([200, 201, 202, 204])('%i is taken for yes', async (status) => {
    const host = await answering(status);
    const { sent, counted } = send(`http://${host}/hook`, [host]);
    expect(await sent).toBe('sent');
    expect(counted).toEqual([['Webhooks', 1, { outcome: 'sent' }]]);
  });

  test.each([301, 307, 400, 401, 404, 429, 500, 503])('%i means that it is asked again', async (status) => {
    const host = await answering(status);
    await expect(send(`http://${host}/hook`, [host]).sent).rejects.toThrow(`${host} answered ${status}`);
  });

  test('410 ends it', async () => {
    const host = await answering(410);
    expect(await send(`http://${host}/hook`, [host]).sent).toBe('gone');
  });

  test('is told of with its host, never with what else stands in its URL', async () => {
    const host = await answering(204);
    const { sent, lines } = send(`http://${host}/hooks/T0P/s3cret?token=s3cret`, [host]);
    await sent;
    expect(JSON.stringify(lines)).toContain(host);
    expect(JSON.stringify(lines)).not.toContain('s3cret');
  });

  test('that does not come is told of in the same way', async () => {
    const host = await receiver((socket) => socket.destroy());
    const said = await send(`http://${host}/hooks/T0P/s3cret?token=s3cret`, [host]).sent.catch(String);
    expect(said).toContain(`The connection to ${host} failed`);
    expect(said).not.toContain('s3cret');
  });
});
