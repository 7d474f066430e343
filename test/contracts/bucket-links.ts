import { expect } from 'vitest';
import type { Bucket } from '../../shared/platform/ports.ts';
import { type Check, fresh } from './contract.ts';

/** What every `Bucket` promises of its links, asked over real HTTP. */
export function linkContract(check: Check, open: () => Bucket): void {
  const linkTo = async (key: string, text: string, more: { versionId?: string } = {}) => {
    await open().put(key, text, { contentType: 'video/mp4' });
    return (await open().link(key, { expiresInSeconds: 60, ...more })).url;
  };

  check('a link reads the object without credentials', async () => {
    const response = await fetch(await linkTo(fresh('link/a b+c.mp4'), 'hello'));
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('video/mp4');
    expect(response.headers.get('content-length')).toBe('5');
    expect(response.headers.get('etag')).toBe('"5d41402abc4b2a76b9719d911017c592"');
    expect(await response.text()).toBe('hello');
  });

  check('a link says when it ends', async () => {
    const before = Date.now();
    const { expiresAt } = await open().link(fresh('ends'), { expiresInSeconds: 3600 });
    // It counts in whole seconds.
    expect(expiresAt.getTime()).toBeGreaterThan(before + 3599_000 - 1);
    expect(expiresAt.getTime()).toBeLessThanOrEqual(Date.now() + 3600_000);
  });

  check('a link answers a range with the part and the whole size', async () => {
    const response = await fetch(await linkTo(fresh('link'), '0123456789'), { headers: { range: 'bytes=2-4' } });
    expect(response.status).toBe(206);
    expect(response.headers.get('content-range')).toBe('bytes 2-4/10');
    expect(await response.text()).toBe('234');
  });

  check('a link answers the last bytes, an open range, and 416 beyond the end', async () => {
    const link = await linkTo(fresh('link'), '0123456789');
    const get = (range: string) => fetch(link, { headers: { range } });
    expect(await (await get('bytes=-3')).text()).toBe('789');
    expect(await (await get('bytes=7-')).text()).toBe('789');
    const beyond = await get('bytes=10-12');
    await beyond.body?.cancel();
    expect(beyond.status).toBe(416);
  });

  check('a link with If-Match of another version answers 412', async () => {
    const response = await fetch(await linkTo(fresh('link'), 'hello'), { headers: { 'if-match': '"other"' } });
    await response.body?.cancel();
    expect(response.status).toBe(412);
  });

  check('a link bound to a version keeps reading it after the object was replaced', async () => {
    const key = fresh('link');
    const stored = await open().put(key, 'first');
    const versionId = stored.outcome === 'stored' ? stored.head.versionId : '';
    const link = await linkTo(key, 'second', { versionId });
    expect(await (await fetch(link)).text()).toBe('first');
  });

  check('a link that was changed answers 403', async () => {
    const [mine, other] = [fresh('mine'), fresh('other')];
    await open().put(other, 'secret');
    const link = await linkTo(mine, 'x');
    for (const changed of [link.replace(mine, other), `${link.slice(0, -4)}0000`]) {
      const response = await fetch(changed);
      await response.body?.cancel();
      expect(response.status).toBe(403);
    }
  });

  check('a link that has expired answers 403', async () => {
    const key = fresh('expired');
    await open().put(key, 'x');
    const { url: link } = await open().link(key, { expiresInSeconds: 1 });
    // Not a guess at how fast we are: the link says a whole second, and this is well beyond it.
    await new Promise((resolve) => setTimeout(resolve, 2100));
    const response = await fetch(link);
    await response.body?.cancel();
    expect(response.status).toBe(403);
  });

  check('a link to an object that is not there answers 404', async () => {
    const response = await fetch((await open().link(fresh('none'), { expiresInSeconds: 60 })).url);
    await response.body?.cancel();
    expect(response.status).toBe(404);
  });
}
