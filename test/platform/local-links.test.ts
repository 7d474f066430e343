import { request } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { InvalidInput } from '../../shared/errors.ts';
import { openLocal } from '../../shared/platform/local/index.ts';
import { serveLinksOf, temporaryFolder } from './open-world.ts';

const { folder, remove } = temporaryFolder();
let now = Date.now();
const platform = openLocal({ folder, clock: () => now });
const bucket = platform.bucket('media');
let stopServing: () => Promise<void>;

beforeAll(async () => {
  stopServing = await serveLinksOf(platform);
});
afterAll(async () => {
  await stopServing();
  platform.close();
  remove();
});

const linkTo = async (key: string, body: string | Uint8Array = '0123456789') => {
  await bucket.put(key, body, { contentType: 'video/mp4' });
  return (await bucket.link(key, { expiresInSeconds: 60 })).url;
};

test('HEAD answers the same headers without the bytes', async () => {
  const link = await linkTo('head');
  const [head, get] = [await fetch(link, { method: 'HEAD' }), await fetch(link)];
  expect(head.status).toBe(200);
  expect(await head.text()).toBe('');
  expect(await get.text()).toBe('0123456789');
  for (const name of ['content-length', 'etag', 'accept-ranges', 'content-type', 'last-modified'])
    expect([name, head.headers.get(name)]).toEqual([name, get.headers.get(name)]);
  expect(head.headers.get('content-length')).toBe('10');
  expect(head.headers.get('accept-ranges')).toBe('bytes');
});

test.each([
  ['bytes=0-0', 206, '0', 'bytes 0-0/10'],
  ['bytes=5-', 206, '56789', 'bytes 5-9/10'],
  ['bytes=5-500', 206, '56789', 'bytes 5-9/10'],
  ['bytes=-4', 206, '6789', 'bytes 6-9/10'],
  ['bytes=-400', 206, '0123456789', 'bytes 0-9/10'],
  ['bytes=5-4', 200, '0123456789', null],
  ['bytes=0-1,3-4', 200, '0123456789', null],
  ['bytes=-', 200, '0123456789', null],
  ['seconds=0-1', 200, '0123456789', null],
])('Range %s is answered with %i', async (range, status, text, contentRange) => {
  const response = await fetch(await linkTo('ranges'), { headers: { range } });
  expect(response.status).toBe(status);
  expect(response.headers.get('content-range')).toBe(contentRange);
  expect(response.headers.get('content-length')).toBe(String(text.length));
  expect(await response.text()).toBe(text);
});

test.each(['bytes=10-', 'bytes=99-100', 'bytes=-0'])('Range %s cannot be satisfied', async (range) => {
  const response = await fetch(await linkTo('ranges'), { headers: { range } });
  expect(response.status).toBe(416);
  expect(response.headers.get('content-range')).toBe('bytes */10');
  await response.body?.cancel();
});

test('an empty object is served whole, and has no range', async () => {
  const link = await linkTo('empty', '');
  const whole = await fetch(link);
  expect([whole.status, whole.headers.get('content-length'), await whole.text()]).toEqual([200, '0', '']);
  const range = await fetch(link, { headers: { range: 'bytes=0-' } });
  expect(range.status).toBe(416);
  await range.body?.cancel();
});

test('conditions on the ETag are kept', async () => {
  const link = await linkTo('conditions');
  const etag = (await fetch(link, { method: 'HEAD' })).headers.get('etag') ?? '';
  const ask = async (headers: Record<string, string>) => {
    const response = await fetch(link, { headers });
    await response.arrayBuffer();
    return response.status;
  };
  expect(etag).toMatch(/^"[0-9a-f]{32}"$/);
  expect(await ask({ 'if-match': etag })).toBe(200);
  expect(await ask({ 'if-match': `"other", ${etag}` })).toBe(200);
  expect(await ask({ 'if-match': '*' })).toBe(200);
  expect(await ask({ 'if-match': '"other"' })).toBe(412);
  expect(await ask({ 'if-none-match': etag })).toBe(304);
  expect(await ask({ 'if-none-match': '"other"' })).toBe(200);
  expect(await ask({ range: 'bytes=0-1', 'if-range': etag })).toBe(206);
  expect(await ask({ range: 'bytes=0-1', 'if-range': '"other"' })).toBe(200);
});

test('only reading is allowed, and only with an unchanged link that has not expired', async () => {
  const link = await linkTo('secret/a b+ü.mp4');
  const status = async (url: string, method = 'GET') => {
    const response = await fetch(url, { method });
    await response.arrayBuffer();
    return response.status;
  };
  const changed = (name: string, value: string) => {
    const url = new URL(link);
    url.searchParams.set(name, value);
    return url.href;
  };
  expect(await status(link)).toBe(200);
  expect(await status(link, 'POST')).toBe(405);
  expect(await status(link, 'DELETE')).toBe(405);
  expect(await status(changed('expires', '99999999999'))).toBe(403);
  expect(await status(changed('expires', 'soon'))).toBe(403);
  expect(await status(changed('versionId', 'other'))).toBe(403);
  expect(await status(changed('signature', ''))).toBe(403);
  expect(await status(link.split('?')[0] ?? '')).toBe(403);
  expect(await status(link.replace('/media/', '/uploads/'))).toBe(403);
  now += 61_000;
  expect(await status(link)).toBe(403);
});

test.each([
  'a//b',
  '/lead',
  'trail/',
  '../up',
  'a/./b',
  '%2e%2e/x',
  'q?x#y',
  '100%',
  'ü 世界 🎬',
  '\\back',
  'a;b,c:d@e',
])('a link names the key %s', async (key) => {
  const response = await fetch(await linkTo(key, `bytes of ${key}`));
  expect(await response.text()).toBe(`bytes of ${key}`);
});

test('a link to a key that URLs cannot name is refused', async () => {
  await bucket.put('..', 'x');
  await expect(bucket.link('..', { expiresInSeconds: 60 })).rejects.toThrow(InvalidInput);
});

test('a reader that goes away in the middle does no harm', async () => {
  const link = await linkTo('large', Buffer.alloc(20 * 1024 * 1024, 'x'));
  await new Promise<void>((resolve, reject) => {
    const going = request(link, (response) => {
      response.once('data', () => going.destroy());
      response.once('close', () => resolve());
      response.on('error', () => {});
    });
    going.on('error', () => resolve()).on('timeout', reject);
    going.end();
  });
  const again = await fetch(link, { headers: { range: 'bytes=20971518-' } });
  expect(await again.text()).toBe('xx');
});

test('an object of several parts is served as one, also across their border', async () => {
  const upload = await bucket.startUpload('parts', { contentType: 'video/mp4' });
  const five = 5 * 1024 * 1024;
  const parts = [
    await bucket.putPart(upload, 1, Buffer.alloc(five, 'a')),
    await bucket.putPart(upload, 2, Buffer.alloc(five, 'b')),
    await bucket.putPart(upload, 3, Buffer.from('c')),
  ];
  await bucket.publish(upload, parts);
  const { url: link } = await bucket.link('parts', { expiresInSeconds: 60 });
  const border = await fetch(link, { headers: { range: `bytes=${five - 2}-${five + 1}` } });
  expect(await border.text()).toBe('aabb');
  const all = Buffer.from(await (await fetch(link)).arrayBuffer());
  expect(all.equals(Buffer.concat([Buffer.alloc(five, 'a'), Buffer.alloc(five, 'b'), Buffer.from('c')]))).toBe(true);
});
