import type { LookupAddress } from 'node:dns';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { InvalidInput, Rejected } from '../../shared/errors.ts';
import { allowedUrl, openLink, postJson, showLink } from '../../shared/platform/links.ts';
import { isPublicAddress, publicOnly } from '../../shared/platform/public-addresses.ts';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

async function serve(answer: Answer): Promise<{ host: string; asked: IncomingMessage[] }> {
  const asked: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    asked.push(request);
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { host: `127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

const redirectTo =
  (location: string): Answer =>
  (_request, response) =>
    void response.writeHead(302, { location }).end();

const textOf = async (body: AsyncIterable<Uint8Array>): Promise<string> => {
  let text = '';
  for await (const chunk of body) text += Buffer.from(chunk).toString();
  return text;
};

test('a trusted host is read over plain HTTP, with the range and precondition asked for', async () => {
  const { host, asked } = await serve((_request, response) => void response.end('hello'));
  const answer = await openLink(`http://${host}/a?sig=1`, { range: [2, 9], ifMatch: '"e"', trustedHosts: [host] });
  expect([answer.status, answer.headers['content-length'], await textOf(answer.body)]).toEqual([200, '5', 'hello']);
  expect(asked[0]?.headers).toMatchObject({ range: 'bytes=2-9', 'if-match': '"e"', 'accept-encoding': 'identity' });
});

test('a host may be trusted with every port, or with one', async () => {
  const { host } = await serve((_request, response) => void response.end());
  const open = (trusted: string) => openLink(`http://${host}/`, { trustedHosts: [trusted] });
  expect((await open('127.0.0.1')).status).toBe(200);
  await expect(open('127.0.0.1:1')).rejects.toThrow(Rejected);
  await expect(open('localhost')).rejects.toThrow(Rejected);
});

test.each([
  'http://example.com/a?sig=SECRET',
  'ftp://example.com/a?sig=SECRET',
  'file:///etc/passwd?sig=SECRET',
  'https://user:SECRET@example.com/a',
  'https://127.0.0.1/a?sig=SECRET',
  'https://2130706433/a?sig=SECRET',
  'https://017700000001/a?sig=SECRET',
  'https://0177.0.0.1/a?sig=SECRET',
  'https://127.1/a?sig=SECRET',
  'https://0/a?sig=SECRET',
  'https://0.0.0.0/a?sig=SECRET',
  'https://①②⑦.⓪.⓪.①/a?sig=SECRET',
  'https://169.254.169.254./latest?sig=SECRET',
  'https://[::ffff:169.254.169.254]/latest?sig=SECRET',
  'https://[::169.254.169.254]/latest?sig=SECRET',
  'https://[64:ff9b::169.254.169.254]/latest?sig=SECRET',
  'https://[2002:a9fe:a9fe::1]/latest?sig=SECRET',
  'https://0x7f.1/a?sig=SECRET',
  'https://[::1]/a?sig=SECRET',
  'https://[::ffff:10.0.0.1]/a?sig=SECRET',
  'https://169.254.169.254/latest?sig=SECRET',
  'https://[fd00:ec2::254]/latest?sig=SECRET',
  'https://localhost/a?sig=SECRET',
])('%s is refused without a connection', async (link) => {
  const error = await openLink(link, { trustedHosts: [] }).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(Rejected);
  expect(String(error)).not.toContain('SECRET');
});

test('what is no URL is refused without being shown', async () => {
  const error = await openLink('SECRET?', { trustedHosts: [] }).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(InvalidInput);
  expect(String(error)).not.toContain('SECRET');
});

test('redirects are followed three times, relative ones too', async () => {
  const { host, asked } = await serve((request, response) => {
    const hop = Number(request.url?.slice(1));
    if (hop < 3) response.writeHead(302, { location: `/${hop + 1}` }).end();
    else response.end('there');
  });
  const answer = await openLink(`http://${host}/0`, { range: [0], trustedHosts: [host] });
  expect(await textOf(answer.body)).toBe('there');
  expect(asked.map(({ headers }) => headers.range)).toEqual(Array(4).fill('bytes=0-'));
});

test('a fourth redirect is refused', async () => {
  const { host, asked } = await serve(redirectTo('/again'));
  await expect(openLink(`http://${host}/`, { trustedHosts: [host] })).rejects.toThrow('redirects more than 3 times');
  expect(asked).toHaveLength(4);
});

test('a redirect into a private network is refused although its origin is trusted', async () => {
  const inside = await serve((_request, response) => void response.end('secret'));
  const port = inside.host.split(':')[1];
  const targets = [
    ...[`http://${inside.host}/`, `https://${inside.host}/`, `https://localhost:${port}/`, `//localhost:${port}/`],
    ...['https://10.0.0.1/', 'https://[fd00:ec2::254]/latest', 'http://169.254.169.254/latest', 'file:///etc'],
    // Not private, but not over TLS either.
    'http://example.com/',
  ];
  for (const target of targets) {
    const { host } = await serve(redirectTo(target));
    await expect(openLink(`http://${host}/`, { trustedHosts: [host] })).rejects.toThrow(Rejected);
  }
  expect(inside.asked).toEqual([]);
});

test('a failed connection is told with host and path only', async () => {
  const { host } = await serve((_request, response) => void response.destroy());
  const open = openLink(`http://${host}/a/b?sig=SECRET`, { trustedHosts: [host] });
  const error = await open.catch((thrown: unknown) => thrown);
  expect(String(error)).toMatch(new RegExp(`^Error: The connection to ${host}/a/b failed \\(\\w+\\)\\.$`));
});

test('each redirect is judged, also the last of several', async () => {
  const { host } = await serve((request, response) => {
    response.writeHead(302, { location: request.url === '/0' ? '/1' : 'https://127.0.0.1:1/' }).end();
  });
  await expect(openLink(`http://${host}/0`, { trustedHosts: [host] })).rejects.toThrow(/not public/);
});

test.each(['media.example.evil.test', 'a.media.example', 'xmedia.example', 'media.example.', 'media.exampl'])(
  'that media.example is trusted says nothing of %s',
  (host) => {
    expect(() => allowedUrl(`http://${host}/a`, ['media.example'])).toThrow(Rejected);
  },
);

test('no trusted host is a user name, a path or a pattern', () => {
  expect(() => allowedUrl('http://media.example@evil.test/', ['media.example'])).toThrow(Rejected);
  expect(() => allowedUrl('http://evil.test/media.example', ['media.example'])).toThrow(Rejected);
  expect(() => allowedUrl('http://evil.test/', ['*', '*.test', '', 'evil'])).toThrow(Rejected);
  expect(allowedUrl('http://MEDIA.example:8080/', ['Media.Example:8080']).host).toBe('media.example:8080');
  expect(() => allowedUrl('http://media.example:8081/', ['media.example:8080'])).toThrow(Rejected);
});

test('no private address gets through, however it is written', () => {
  const byte = fc.nat(255);
  const address = fc.oneof(
    fc.tuple(fc.constantFrom(0, 10, 127), byte, byte, byte),
    fc.tuple(fc.constant(169), fc.constant(254), byte, byte),
    fc.tuple(fc.constant(172), fc.integer({ min: 16, max: 31 }), byte, byte),
    fc.tuple(fc.constant(192), fc.constant(168), byte, byte),
  );
  const number = ([a, b, c, d]: number[]) => (((a ?? 0) * 256 + (b ?? 0)) * 256 + (c ?? 0)) * 256 + (d ?? 0);
  const written = fc.constantFrom<(parts: number[]) => string>(
    (parts) => parts.join('.'),
    (parts) => String(number(parts)),
    (parts) => `0x${number(parts).toString(16)}`,
    (parts) => `0${number(parts).toString(8)}`,
    (parts) => parts.map((part) => `0${part.toString(8)}`).join('.'),
    (parts) => parts.map((part) => `0X${part.toString(16)}`).join('.'),
    ([a, ...parts]) => `${a}.${number([0, ...parts])}`,
    (parts) => `[::ffff:${parts.join('.')}]`,
    (parts) => `[::${parts.join('.')}]`,
    (parts) => `[64:ff9b::${parts.join('.')}]`,
  );
  fc.assert(
    fc.property(address, written, (parts, write) => {
      expect(() => allowedUrl(`https://${write(parts)}/`, [])).toThrow(Rejected);
    }),
  );
});

describe('A name is judged by what it leads to', () => {
  const publicAddress = { address: '8.8.8.8', family: 4 };
  const inside = { address: '169.254.169.254', family: 4 };
  const resolved = (addresses: LookupAddress[], all: boolean) =>
    new Promise((resolve, reject) => {
      const look = publicOnly((_name, _options, callback) => callback(null, addresses));
      look('name.test', { all }, (error, address) => (error ? reject(error) : resolve(address)));
    });

  test.each([true, false])(
    'one address among several that is not public is enough to refuse (all: %s)',
    async (all) => {
      await expect(resolved([publicAddress, inside], all)).rejects.toMatchObject({ code: 'PRIVATE_ADDRESS' });
      await expect(resolved([], all)).rejects.toMatchObject({ code: 'PRIVATE_ADDRESS' });
    },
  );

  test('the connection gets the addresses that were judged', async () => {
    expect(await resolved([publicAddress], true)).toEqual([publicAddress]);
    expect(await resolved([publicAddress], false)).toBe('8.8.8.8');
  });
});

test('JSON is posted with its headers, to the URL unchanged, and a redirect is not followed', async () => {
  const bodies: string[] = [];
  const { host, asked } = await serve(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    bodies.push(body);
    response.writeHead(302, { location: '/elsewhere' }).end('x'.repeat(100_000));
  });
  const options = { headers: { 'x-mosaic-signature': 's' }, trustedHosts: [host] };
  expect(await postJson(`http://${host}/hook?stage=1`, { flag: 'TEST' }, options)).toEqual({ status: 302 });
  expect(asked).toHaveLength(1);
  expect(asked[0]).toMatchObject({ method: 'POST', url: '/hook?stage=1' });
  expect(asked[0]?.headers).toMatchObject({ 'x-mosaic-signature': 's', 'content-type': 'application/json' });
  expect(bodies).toEqual(['{"flag":"TEST"}']);
});

test('a post to a private address is refused, and one that is not answered ends', async () => {
  const { host } = await serve(() => {});
  await expect(postJson(`http://${host}/`, {}, { trustedHosts: [] })).rejects.toThrow(Rejected);
  const silent = postJson(`http://${host}/`, {}, { trustedHosts: [host], timeoutMs: 50 });
  await expect(silent).rejects.toThrow('gave no answer in time');
});

test('of a link, host and path are shown', () => {
  expect(showLink('https://user:pass@storage.example:8443/b/a.mp4?sig=SECRET#x')).toBe('storage.example:8443/b/a.mp4');
  expect(showLink('SECRET')).toBe('a link that is not a URL');
});

test.each([
  ['8.8.8.8', true],
  ['172.15.255.255', true],
  ['172.16.0.1', false],
  ['100.127.255.255', false],
  ['100.128.0.1', true],
  ['10.0.0.0', false],
  ['10.255.255.255', false],
  ['172.31.255.255', false],
  ['172.32.0.0', true],
  ['192.168.0.1', false],
  ['169.254.169.254', false],
  ['169.254.170.2', false],
  ['100.100.100.200', false],
  ['168.63.129.16', false],
  ['168.63.129.17', true],
  ['192.0.0.170', false],
  ['198.19.0.1', false],
  ['224.0.0.1', false],
  ['255.255.255.255', false],
  ['0.0.0.0', false],
  ['2606:4700::1111', true],
  ['::', false],
  ['::1', false],
  ['::ffff:8.8.8.8', false],
  ['64:ff9b::7f00:1', false],
  ['::ffff:a9fe:a9fe', false],
  ['::127.0.0.1', false],
  ['64:ff9b::a9fe:a9fe', false],
  ['64:ff9b:1::1', false],
  ['2001:0:4136:e378:8000:63bf:5601:5601', false],
  ['2002:a9fe:a9fe::1', false],
  ['fd00:ec2::254', false],
  ['fec0::1', false],
  ['100::1', false],
  ['fe80::1%eth0', false],
  ['fe80::1', false],
  ['fc00::1', false],
  ['ff02::1', false],
  ['2002:7f00:1::', false],
  ['2001:db8::1', false],
  ['example.com', undefined],
])('%s is public: %s', (address, expected) => {
  expect(isPublicAddress(address)).toBe(expected);
});

test('a server that closes its connection while the reader is behind is read to the end', async () => {
  const file = Buffer.alloc(2_000_000, 'a');
  const { host } = await serve((_request, response) => {
    response.writeHead(200, { connection: 'close', 'content-length': file.length }).end(file);
  });
  for (let time = 0; time < 5; time += 1) {
    const { body } = await openLink(`http://${host}/`, { trustedHosts: [host] });
    let bytes = 0;
    for await (const piece of body) {
      bytes += piece.length;
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    expect(bytes).toBe(file.length);
  }
});
