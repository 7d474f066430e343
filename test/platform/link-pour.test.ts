import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { type LinkAnswer, openLink } from '../../shared/platform/links.ts';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

async function serve(answer: Answer) {
  const sockets = new Set<Socket>();
  const server = createServer(answer);
  server.on('connection', (socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const open = (more: { bodyTimeoutMs?: number } = {}) =>
    openLink(`http://${host}/a?sig=SECRET`, { trustedHosts: [host], keepAlive: true, ...more });
  return { host, sockets, open };
}

async function poured({ pour }: LinkAnswer, take: (piece: Uint8Array) => Promise<void> | undefined = () => undefined) {
  const pieces: Buffer[] = [];
  await pour?.((piece) => {
    pieces.push(Buffer.from(piece));
    return take(piece);
  });
  return Buffer.concat(pieces);
}

const file = Buffer.alloc(1_000_000, 'tessera');

test('a body is poured whole, also into a reader that is slow', async () => {
  const { open } = await serve((_request, response) => void response.end(file));
  expect((await poured(await open())).equals(file)).toBe(true);
  let taking = 0;
  const slowly = async () => {
    expect(taking).toBe(0);
    taking += 1;
    await new Promise((resolve) => setImmediate(resolve));
    taking -= 1;
  };
  expect((await poured(await open(), slowly)).equals(file)).toBe(true);
});

test('what the reader throws ends the pouring, as it is', async () => {
  const { open } = await serve((_request, response) => void response.end(file));
  const wrong = new Error('enough');
  const now = () => {
    throw wrong;
  };
  await expect(poured(await open(), now)).rejects.toBe(wrong);
  await expect(poured(await open(), () => Promise.reject(wrong))).rejects.toBe(wrong);
});

test('a body that breaks off, stalls, or broke before anybody read it is an error with host and path', async () => {
  const { open, host } = await serve((request, response) => {
    response.writeHead(200, { 'content-length': file.length });
    response.write(file.subarray(0, 1000), () => {
      if (request.headers.range === undefined) response.destroy();
    });
  });
  await expect(poured(await open())).rejects.toThrow(`The connection to ${host}/a failed (ECONNRESET).`);
  const late = await open();
  await new Promise((resolve) => setTimeout(resolve, 20));
  await expect(poured(late)).rejects.toThrow('(ECONNRESET)');
  const silent = openLink(`http://${host}/a`, { trustedHosts: [host], range: [0], bodyTimeoutMs: 20 });
  await expect(poured(await silent)).rejects.toThrow('(BODY_TIMEOUT)');
});

test('a discarded body ends the pouring', async () => {
  const { open } = await serve((_request, response) => void response.writeHead(200).write('x'));
  const answer = await open();
  await expect(poured(answer, () => void answer.discard())).rejects.toThrow('failed');
});

test('a connection that was read to its end is used again; without being asked to, it is not', async () => {
  const { open, sockets, host } = await serve((_request, response) => void response.end('hello'));
  for (let time = 0; time < 3; time += 1) await poured(await open());
  expect(sockets.size).toBe(1);
  await poured(await openLink(`http://${host}/`, { trustedHosts: [host] }));
  expect(sockets.size).toBe(2);
});

test('a kept connection that the server has closed unseen is replaced', async () => {
  let answered = 0;
  const { open, sockets } = await serve((_request, response) => {
    answered += 1;
    // Takes the second request and hangs up, as a server does that closed just before it came.
    if (answered === 2) response.destroy();
    else response.end('hello');
  });
  await poured(await open());
  expect(String(await poured(await open()))).toBe('hello');
  expect([answered, sockets.size]).toEqual([3, 2]);
});

test.each([
  [
    'go over to another protocol',
    'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
  ],
  ['tell ever more before the answer', 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(100)],
  ['have headers without an end', `HTTP/1.1 200 OK\r\n${'x: y\r\n'.repeat(100_000)}`],
])('a server that would %s is an error', async (_, answer) => {
  const server = createTcpServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => socket.write(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const options = { trustedHosts: [host], keepAlive: true, headersTimeoutMs: 200 };
  await expect(openLink(`http://${host}/a?sig=SECRET`, options)).rejects.toThrow(`to ${host}/a failed`);
});

test('what a server sends unasked on a kept connection is not taken for an answer', async () => {
  const answer = (text: string) => `HTTP/1.1 200 OK\r\nContent-Length: ${text.length}\r\n\r\n${text}`;
  let connections = 0;
  const server = createTcpServer((socket) => {
    connections += 1;
    socket.on('error', () => {});
    socket.on('data', () => socket.write(connections === 1 ? answer('first') + answer('forged') : answer('second')));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const read = async () =>
    String(await poured(await openLink(`http://${host}/a`, { trustedHosts: [host], keepAlive: true })));
  expect([await read(), await read()]).toEqual(['first', 'second']);
});
