import { expect, test } from 'vitest';
import { PermanentError } from '../../shared/errors.ts';
import { dyingBucket, etagOf, honest, mebibyte, movie, sourceServer, transferWorld } from './transfer-world.ts';

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
  await failureOf(attempt({}, { bucket: dyingBucket(bucket, 'putPart', 2), connections: 1 }));
  source.answerWith((request, response, asked) =>
    asked.path.includes('fresh') ? honest(file)(request, response, asked) : void response.writeHead(403).end(),
  );
  const before = source.asked.length;
  const links = [source.link(), `http://${source.host}/a?fresh=1`];
  const copied = await attempt({ openLinkNow: async () => links.shift() ?? '' }, { connections: 1 });
  expect(copied.outcome).toBe('copied');
  expect(source.asked.slice(before).map(({ range }) => range)).toEqual([
    ...Array(2).fill(`bytes=${part}-${2 * part - 1}`),
    `bytes=${2 * part}-${file.length - 1}`,
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
  const cut = 1000;
  const source = await sourceServer((request, response, asked) => {
    const [, first = 0, last = 0] = (/^bytes=(\d+)-(\d+)/.exec(asked.range ?? '') ?? []).map(Number);
    if (first >= 3 * part || first % mebibyte === cut) return honest(file)(request, response, asked);
    response.writeHead(206, {
      'content-range': `bytes ${first}-${last}/${file.length}`,
      'content-length': last - first + 1,
      etag: etagOf(file),
    });
    response.write(file.subarray(first, first + cut), () => response.destroy());
  });
  const { attempt, delivered } = await transferWorld(source);
  await attempt({}, { connections: 1 });
  expect((await delivered()).equals(file)).toBe(true);
  const firsts = source.asked.map(({ range }) => Number(/^bytes=(\d+)/.exec(range ?? '')?.[1]));
  expect(firsts.filter((first) => first > 0 && first < part)).toEqual([cut, 2 * mebibyte, 2 * mebibyte + cut]);
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
  const counting = {
    ...bucket,
    putPart: (...args: Parameters<typeof bucket.putPart>) => {
      sent += 1;
      return bucket.putPart(...args);
    },
  };
  await attempt({}, { bucket: counting });
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
      'content-range': `bytes 0-${2 * mebibyte - 1}/${3 * part}`,
      'content-length': 2 * mebibyte,
      etag: `"${version}"`,
    });
    response.end(movie(2 * mebibyte, version));
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
