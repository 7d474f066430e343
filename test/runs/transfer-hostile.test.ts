import { expect, test } from 'vitest';
import { PermanentError } from '../../shared/errors.ts';
import { etagOf, honest, mebibyte, movie, sourceServer, transferWorld } from './transfer-world.ts';

const part = 8 * mebibyte;

async function failureOf(promise: Promise<unknown>): Promise<Error> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof Error)) throw new Error('It did not fail.');
  expect(error.message).not.toContain('TOPSECRET');
  expect(error.stack).not.toContain('TOPSECRET');
  return error;
}

test.each([
  ['403', 403, ''],
  ['404', 404, ''],
  ['400 ExpiredToken', 400, '<Error><Code>ExpiredToken</Code></Error>'],
])('a stale link (%s) is replaced by a fresh one', async (_name, status, body) => {
  const file = movie(1000);
  const source = await sourceServer((request, response, asked) =>
    asked.path.includes('fresh') ? honest(file)(request, response, asked) : void response.writeHead(status).end(body),
  );
  const { attempt, delivered } = await transferWorld(source);
  const links = [source.link(), `http://${source.host}/a?fresh=1`];
  await attempt({ openLinkNow: async () => links.shift() ?? '' });
  expect(links).toEqual([]);
  expect((await delivered()).equals(file)).toBe(true);
});

test('a link that goes stale between two attempts at one file is replaced, and the parts are kept', async () => {
  const file = movie(3 * part);
  const source = await sourceServer(honest(file));
  const { attempt, memory, bucket } = await transferWorld(source);
  let broken = false;
  source.answerWith((request, response, asked) => {
    if (asked.path.includes('fresh')) return honest(file)(request, response, asked);
    if (broken) return void response.writeHead(403).end();
    broken = true;
    response.writeHead(206, {
      'content-range': `bytes 0-${file.length - 1}/${file.length}`,
      'content-length': file.length,
      etag: etagOf(file),
    });
    response.write(file.subarray(0, part + 5), () => response.destroy());
  });
  const links = [source.link(), `http://${source.host}/a?fresh=1`];
  const copied = await attempt({ openLinkNow: async () => links.shift() ?? '' });
  expect(copied.outcome).toBe('copied');
  expect(source.asked.map(({ range }) => range)).toEqual([
    'bytes=0-',
    ...Array(2).fill(`bytes=${part}-${file.length - 1}`),
  ]);
  expect(memory.state && (await bucket.head(memory.state.key))?.size).toBe(file.length);
});

test('a link that is refused even when fresh is an error that names host and path', async () => {
  const source = await sourceServer((_request, response) => void response.writeHead(403).end());
  const { attempt } = await transferWorld(source);
  const error = await failureOf(attempt());
  expect(error.message).toContain(`${source.host}/renders/a.mp4 answered 403`);
  expect(error).not.toBeInstanceOf(PermanentError);
  expect(source.asked).toHaveLength(2);
});

test('a body that is cut off is an error that may be tried again, and nothing is published', async () => {
  const file = movie(100_000);
  const source = await sourceServer((_request, response) => {
    response.writeHead(200, { 'content-length': file.length });
    response.write(file.subarray(0, 60_000), () => response.destroy());
  });
  const { attempt, bucket } = await transferWorld(source);
  expect(await failureOf(attempt())).not.toBeInstanceOf(PermanentError);
  expect(await bucket.head('out/a.mp4')).toBeUndefined();
});

test('a body that stalls is given up', async () => {
  const source = await sourceServer((_request, response) => {
    response.writeHead(200, { 'content-length': 1000 });
    response.write(movie(500));
  });
  const { attempt, bucket } = await transferWorld(source);
  expect((await failureOf(attempt({}, { bodyTimeoutMs: 50 }))).message).toContain('BODY_TIMEOUT');
  expect(await bucket.head('out/a.mp4')).toBeUndefined();
});

test('a connection that breaks now and then is taken up where it broke', async () => {
  const file = movie(4 * part + 3);
  const source = await sourceServer((request, response, asked) => {
    const first = Number(/^bytes=(\d+)/.exec(asked.range ?? '')?.[1]);
    if (first >= 3 * part) return honest(file)(request, response, asked);
    response.writeHead(206, {
      'content-range': `bytes ${first}-${file.length - 1}/${file.length}`,
      'content-length': file.length - first,
      etag: etagOf(file),
    });
    response.write(file.subarray(first, first + part + 1000), () => response.destroy());
  });
  const { attempt, delivered } = await transferWorld(source);
  await attempt();
  expect((await delivered()).equals(file)).toBe(true);
  expect(source.asked).toHaveLength(4);
});

test('a source that ignores ranges is read from the start, and what has arrived is not sent again', async () => {
  const file = movie(3 * part + 5);
  const source = await sourceServer((_request, response) => {
    response.writeHead(200, { 'content-length': file.length, etag: etagOf(file) });
    response.end(file);
  });
  const { attempt, memory, bucket, delivered } = await transferWorld(source);
  const refusing = {
    ...bucket,
    putPart: async (...args: Parameters<typeof bucket.putPart>) => {
      if (args[1] === 3) throw new Error('slow down');
      return bucket.putPart(...args);
    },
  };
  await failureOf(attempt({}, { bucket: refusing }));
  expect(memory.state).toBeDefined();
  const arrived = memory.state ? (await bucket.listParts(memory.state)).length : 0;
  let sent = 0;
  const countParts = () => {
    sent += 1;
  };
  await attempt({ heartbeat: countParts });
  expect(sent).toBe(4 - arrived);
  expect((await delivered()).equals(file)).toBe(true);
});

test('a source that keeps changing is given up after one new start', async () => {
  let version = 0;
  const source = await sourceServer((_request, response, asked) => {
    const first = Number(/^bytes=(\d+)/.exec(asked.range ?? '')?.[1]);
    if (first > 0) return void response.writeHead(412).end();
    version += 1;
    response.writeHead(206, {
      'content-range': `bytes 0-${3 * part - 1}/${3 * part}`,
      'content-length': 3 * part,
      etag: `"${version}"`,
    });
    response.write(movie(part + 9, version), () => response.destroy());
  });
  const { attempt, bucket } = await transferWorld(source);
  expect((await failureOf(attempt())).message).toContain('has changed since the copy began');
  expect(version).toBe(2);
  expect(await bucket.head('out/a.mp4')).toBeUndefined();
});

test.each([
  ['an HTML page', { 'content-type': 'text/html; charset=utf-8' }, movie(900), 'answered with a page'],
  ['an XML error', { 'content-type': 'application/xml' }, Buffer.from('<Error/>'), 'answered with a page'],
  ['a JSON error', { 'content-type': 'application/problem+json' }, Buffer.from('{}'), 'answered with a page'],
  ['text without a type', {}, Buffer.from('Service is overloaded, try again\n'), 'with text, not with a media file'],
  ['nothing', {}, Buffer.alloc(0), 'is empty'],
  ['packed bytes', { 'content-encoding': 'gzip' }, movie(900), 'is packed'],
])('%s is not published, and may be tried again', async (_name, headers, body, message) => {
  const source = await sourceServer((_request, response) => {
    response.writeHead(200, { 'content-length': body.length, ...headers }).end(body);
  });
  const { attempt, bucket } = await transferWorld(source);
  const error = await failureOf(attempt());
  expect(error.message).toContain(message);
  expect(error).not.toBeInstanceOf(PermanentError);
  expect(await bucket.head('out/a.mp4')).toBeUndefined();
});

test('bytes of no known format are refused for good', async () => {
  const source = await sourceServer(honest(Buffer.alloc(5000, 0x91)));
  const error = await failureOf((await transferWorld(source)).attempt());
  expect(error).toBeInstanceOf(PermanentError);
  expect(error.message).toContain('no media format');
});

test('a source that does not say how long it is cannot be verified, so it is not copied', async () => {
  const source = await sourceServer((_request, response) => {
    response.writeHead(200);
    response.end(movie(5000));
  });
  const { attempt } = await transferWorld(source);
  expect((await failureOf(attempt())).message).toContain('does not say how long it is');
});

test('a range other than the one asked for is not mistaken for it', async () => {
  const source = await sourceServer((_request, response) => {
    const file = movie(500);
    response.writeHead(206, { 'content-range': 'bytes 500-999/1000', 'content-length': 500 }).end(file);
  });
  expect((await failureOf((await transferWorld(source)).attempt())).message).toContain('instead of 0-999');
});

test('a link into a private network is refused, directly and behind a redirect', async () => {
  const source = await sourceServer((_request, response) => {
    response.writeHead(302, { location: 'https://169.254.169.254/latest/meta-data?x=TOPSECRET' }).end();
  });
  const { attempt } = await transferWorld(source);
  expect(await failureOf(attempt())).toBeInstanceOf(PermanentError);
  const direct = attempt({ openLinkNow: async () => 'https://[::1]/a?x=TOPSECRET' });
  expect((await failureOf(direct)).message).toContain('not public');
});
