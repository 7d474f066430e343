import { expect, test } from 'vitest';
import { PermanentError } from '../../shared/errors.ts';
import { crc32cOf, crc32cToBase64 } from '../../shared/platform/crc32c.ts';
import { type Answer, etagOf, honest, mebibyte, movie, sourceServer, transferWorld } from './transfer-world.ts';

const part = 8 * mebibyte;
const isOpening = (asked: { range?: string }) => asked.range === `bytes=0-${2 * mebibyte - 1}`;
const hashed = (file: Buffer) => ({
  'x-goog-hash': `crc32c=${crc32cToBase64(crc32cOf(file))},md5=AAAAAAAAAAAAAAAAAAAAAA==`,
});

/** Holds answers back until so many wait, then lets all of them go, and whatever comes later. */
function together(count: number) {
  const waiting: (() => void)[] = [];
  let isOpen = false;
  return (answer: () => void) => {
    waiting.push(answer);
    isOpen ||= waiting.length >= count;
    if (isOpen) for (const goOn of waiting.splice(0)) goOn();
  };
}

test('a large file is read by several connections at once, and no more than allowed', async () => {
  const file = movie(6 * part);
  const gather = together(4);
  // Those behind the opening are answered only once there are four of them.
  const source = await sourceServer((request, response, asked) => {
    if (isOpening(asked)) return honest(file)(request, response, asked);
    gather(() => honest(file)(request, response, asked));
  });
  const { attempt, delivered } = await transferWorld(source);
  expect((await attempt({}, { connections: 5 })).outcome).toBe('copied');
  expect(source.peak()).toBeGreaterThanOrEqual(4);
  expect(source.peak()).toBeLessThanOrEqual(5);
  // Each is opened once and used again.
  expect(source.asked.length).toBeGreaterThan(10);
  expect(source.connections()).toBeLessThanOrEqual(5);
  expect((await delivered()).equals(file)).toBe(true);
});

test.each([
  ['403', 403, ''],
  ['400 ExpiredToken', 400, '<Error><Code>ExpiredToken</Code></Error>'],
])(
  'a link that goes stale (%s) under several connections is asked for once for all of them',
  async (_, status, body) => {
    const file = movie(5 * part);
    const gather = together(3);
    const source = await sourceServer((request, response, asked) => {
      if (isOpening(asked) || asked.path.includes('fresh')) return honest(file)(request, response, asked);
      gather(() => void response.writeHead(status).end(body));
    });
    const { attempt, delivered } = await transferWorld(source);
    let links = 0;
    const openLinkNow = async () => {
      links += 1;
      return links === 1 ? source.link() : `http://${source.host}/a?fresh=${links}`;
    };
    await attempt({ openLinkNow }, { connections: 4 });
    expect(links).toBe(2);
    expect((await delivered()).equals(file)).toBe(true);
  },
);

test.each([
  ['a storage that knows preconditions', true],
  ['a storage that ignores them', false],
])('of a source that changes between two ranges nothing old is kept (%s)', async (_, knowsPreconditions) => {
  const [old, changed] = [movie(4 * part, 1), movie(4 * part, 2)];
  const source = await sourceServer((request, response, asked) => {
    if (!knowsPreconditions) delete request.headers['if-match'];
    honest(source.asked.length > 3 ? changed : old)(request, response, asked);
  });
  const { attempt, delivered } = await transferWorld(source);
  const copied = await attempt();
  expect(copied.checksum.value).toBe(crc32cOf(changed));
  expect((await delivered()).equals(changed)).toBe(true);
});

test('a source that stops to know ranges is read on by one connection', async () => {
  const file = movie(4 * part + 9);
  const source = await sourceServer((request, response, asked) => {
    const first = Number(/^bytes=(\d+)/.exec(asked.range ?? '')?.[1]);
    if (first < part) return honest(file)(request, response, asked);
    response.writeHead(200, { 'content-length': file.length, etag: etagOf(file) }).end(file);
  });
  const { attempt, delivered } = await transferWorld(source);
  expect((await attempt()).outcome).toBe('copied');
  expect((await delivered()).equals(file)).toBe(true);
});

test('a source that answers with less than was asked for is asked for the rest', async () => {
  const file = movie(2 * part);
  const source = await sourceServer((request, response, asked) => {
    const [, first = 0, last = 0] = (/^bytes=(\d+)-(\d+)/.exec(asked.range ?? '') ?? []).map(Number);
    request.headers.range = `bytes=${first}-${Math.min(last, first + 1_500_000)}`;
    honest(file)(request, response, asked);
  });
  const { attempt, delivered } = await transferWorld(source);
  await attempt();
  expect((await delivered()).equals(file)).toBe(true);
});

test('a source that bears two connections is read by two', async () => {
  const file = movie(6 * part);
  let underWay = 0;
  const source = await sourceServer((request, response, asked) => {
    response.once('close', () => {
      underWay -= 1;
    });
    underWay += 1;
    if (underWay > 2) return void response.writeHead(503).end();
    setImmediate(() => honest(file)(request, response, asked));
  });
  const { attempt, delivered } = await transferWorld(source);
  expect((await attempt()).outcome).toBe('copied');
  expect((await delivered()).equals(file)).toBe(true);
});

test.each([1, 20])('what the source says of its checksum is compared (%i MiB)', async (size) => {
  const file = movie(size * mebibyte);
  const source = await sourceServer(honest(file, { headers: hashed(file) }));
  const { attempt } = await transferWorld(source);
  expect(await attempt()).toMatchObject({
    comparedWithSource: true,
    checksum: { algorithm: 'crc32c', value: crc32cOf(file) },
  });
});

test.each([1, 20])('what does not have the source’s checksum is never published (%i MiB)', async (size) => {
  const file = movie(size * mebibyte);
  const answer = (more: Buffer): Answer => honest(file, { headers: hashed(more) });
  const source = await sourceServer(answer(movie(5)));
  const { attempt, bucket, delivered } = await transferWorld(source);
  const error = await attempt().catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(PermanentError);
  expect(String(error)).toMatch(/checksum.*twice/);
  expect(await bucket.head('out/a.mp4')).toBeUndefined();
  expect((await bucket.listUploads()).uploads).toEqual([]);

  // Wrong once, as after bytes that changed on their way, is mended by a second reading.
  let openings = 0;
  source.answerWith((request, response, asked) => {
    if (isOpening(asked)) openings += 1;
    answer(openings === 1 ? movie(5) : file)(request, response, asked);
  });
  expect(await attempt({ remembered: undefined })).toMatchObject({ outcome: 'copied', comparedWithSource: true });
  expect((await delivered()).equals(file)).toBe(true);
});

test('without an ETag a source’s own checksum is what ranges are held together by', async () => {
  const file = movie(3 * part);
  const source = await sourceServer(honest(file, { etag: '', headers: hashed(file) }));
  const { attempt } = await transferWorld(source);
  expect(await attempt()).toMatchObject({ outcome: 'copied', comparedWithSource: true });
  expect(source.bytesServed()).toBe(file.length);
});

test('what a source keeps packed has a checksum of other bytes', async () => {
  const file = movie(1000);
  const headers = { ...hashed(movie(5)), 'x-goog-stored-content-encoding': 'gzip' };
  const { attempt } = await transferWorld(await sourceServer(honest(file, { headers })));
  expect(await attempt()).toMatchObject({ outcome: 'copied', comparedWithSource: false });
});
