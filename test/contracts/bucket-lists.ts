import { expect } from 'vitest';
import { Missing } from '../../shared/errors.ts';
import type { Bucket } from '../../shared/platform/ports.ts';
import { type Check, fresh } from './contract.ts';

/** What every `Bucket` promises of its listings, and of objects that are not archived. */
export function listContract(check: Check, open: () => Bucket): void {
  const putAll = async (keys: readonly string[]) => {
    for (let first = 0; first < keys.length; first += 50)
      await Promise.all(keys.slice(first, first + 50).map((key) => open().put(key, key)));
  };
  const keysOf = async (options: Parameters<Bucket['list']>[0]) =>
    (await open().list(options)).objects.map(({ key }) => key);
  const byBytes = (keys: readonly string[]) => [...keys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));

  check('lists what is below a prefix in order of the UTF-8 bytes of the keys, exactly as they are', async () => {
    const folder = fresh('list');
    // By UTF-16 code units, U+1F3AC would come before U+FF5E.
    const odd = ['b', 'a/b', 'a b', 'a+b', 'a%20b', 'a&b<c>', 'B', 'é'.normalize('NFC'), 'é'.normalize('NFD')];
    const keys = [...odd, '～', '🎬', 'a//b', '../a', '世界', 'a\tb'].map((name) => `${folder}/${name}`);
    await putAll([...keys, `${folder}x`, folder]);
    expect(await keysOf({ prefix: `${folder}/` })).toEqual(byBytes(keys));
  });

  check('lists the newest version of a key, once, with what its head says', async () => {
    const key = fresh('list/versions');
    await open().put(key, 'one');
    await open().put(key, 'second');
    const { objects, next } = await open().list({ prefix: key });
    const head = await open().head(key);
    expect(objects).toHaveLength(1);
    expect(objects[0]).toMatchObject({ key, size: 6, etag: head?.etag });
    expect(objects[0]?.lastModified.getTime()).toBe(head?.lastModified.getTime());
    expect(objects[0]?.storageClass).toBeUndefined();
    expect(next).toBeUndefined();
  });

  check('lists nothing where nothing is', async () => {
    expect(await open().list({ prefix: fresh('nothing') })).toEqual({ objects: [] });
  });

  check('lists only what comes after a key, also one that is not there', async () => {
    const folder = fresh('list');
    await putAll(['a', 'b b', 'b+b', 'c'].map((name) => `${folder}/${name}`));
    const after = (name: string) => keysOf({ prefix: folder, after: `${folder}/${name}` });
    expect(await after('b b')).toEqual([`${folder}/b+b`, `${folder}/c`]);
    expect(await after('b')).toEqual([`${folder}/b b`, `${folder}/b+b`, `${folder}/c`]);
    expect(await after('c')).toEqual([]);
    // A place before the prefix is no limit.
    expect(await keysOf({ prefix: `${folder}/c`, after: `${folder}/a` })).toEqual([`${folder}/c`]);
  });

  check('pages from one key to the next, without end where a page ends with the last', async () => {
    const folder = fresh('list');
    const keys = byBytes(['a', 'b', '🎬', 'ü 1'].map((name) => `${folder}/${name}`));
    await putAll(keys);
    const first = await open().list({ prefix: folder, limit: 3 });
    expect(first.objects.map(({ key }) => key)).toEqual(keys.slice(0, 3));
    expect(first.next).toBe(keys[2]);
    const second = await open().list({ prefix: folder, limit: 3, after: first.next });
    expect(second.objects.map(({ key }) => key)).toEqual(keys.slice(3));
    expect(second.next).toBeUndefined();
    expect((await open().list({ prefix: folder, limit: 4 })).next).toBeUndefined();
  });

  check('a page that goes on sees what was written behind it meanwhile', async () => {
    const folder = fresh('list');
    await putAll([`${folder}/a`, `${folder}/c`]);
    const { next } = await open().list({ prefix: folder, limit: 1 });
    await open().put(`${folder}/b`, '');
    expect(await keysOf({ prefix: folder, after: next })).toEqual([`${folder}/b`, `${folder}/c`]);
  });

  check('lists at most 1,000 at once, and all of more in as many pages as it takes', async () => {
    const folder = fresh('many');
    const keys = Array.from({ length: 1005 }, (_, index) => `${folder}/${String(index).padStart(4, '0')}`);
    await putAll(keys);
    const found: string[] = [];
    const pages: number[] = [];
    for (let after: string | undefined; ; ) {
      const { objects, next } = await open().list({ prefix: folder, after, limit: 5000 });
      found.push(...objects.map(({ key }) => key));
      pages.push(objects.length);
      if (next === undefined) break;
      after = next;
    }
    expect(found).toEqual(keys);
    expect(pages).toEqual([1000, 5]);
  });

  check('leaves an object alone that is readable, and names one that is not there', async () => {
    const key = fresh('restore');
    await open().put(key, 'here');
    const head = await open().head(key);
    expect(head?.archive).toBeUndefined();
    await open().restore(key, { versionId: head?.versionId, days: 1, tier: 'Bulk' });
    expect(await open().head(key)).toEqual(head);
    await expect(open().restore(fresh('none'), { days: 1, tier: 'Standard' })).rejects.toThrow(Missing);
  });
}
