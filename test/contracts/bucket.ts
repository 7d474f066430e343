import { beforeAll, describe, expect } from 'vitest';
import { InvalidInput, Missing } from '../../shared/errors.ts';
import type { Bucket } from '../../shared/platform/ports.ts';
import { checksumContract } from './bucket-checksums.ts';
import { linkContract } from './bucket-links.ts';
import { listContract } from './bucket-lists.ts';
import { openUploadContract } from './bucket-open-uploads.ts';
import { type TagsOf, tagContract } from './bucket-tags.ts';
import { uploadContract } from './bucket-uploads.ts';
import { checker, fresh, type Gaps, textOf } from './contract.ts';

const md5OfHello = '5d41402abc4b2a76b9719d911017c592';

/** What every `Bucket` promises; versioning is on. */
export function bucketContract(
  name: string,
  open: () => Promise<Bucket>,
  { gaps, tagsOf }: { gaps?: Gaps; tagsOf?: TagsOf } = {},
): void {
  describe(`${name} is a bucket`, () => {
    const check = checker(gaps);
    let bucket: Bucket;
    beforeAll(async () => {
      bucket = await open();
    });

    check('knows nothing of an object that is not there', async () => {
      const key = fresh('none');
      expect(await bucket.head(key)).toBeUndefined();
      await expect(bucket.read(key)).rejects.toThrow(Missing);
    });

    check('gives back what was put, with its properties', async () => {
      const key = fresh('folder/clip.txt');
      const metadata = { 'run-id': 'r1', source: 'uploads/a%20b.mp4' };
      const stored = await bucket.put(key, 'hello', { contentType: 'text/plain', metadata });
      const head = { key, size: 5, etag: md5OfHello, contentType: 'text/plain', metadata };
      expect(stored).toMatchObject({ outcome: 'stored', head });
      expect(await bucket.head(key)).toMatchObject(head);
      const read = await bucket.read(key);
      expect(read.head).toMatchObject(head);
      expect(read.head.versionId).toBe((await bucket.head(key))?.versionId);
      expect(Date.now() - read.head.lastModified.getTime()).toBeLessThan(600_000);
      expect(await textOf(read.body)).toBe('hello');
    });

    check('keeps an empty object', async () => {
      const key = fresh('empty');
      await bucket.put(key, new Uint8Array());
      expect((await bucket.head(key))?.size).toBe(0);
      expect(await textOf((await bucket.read(key)).body)).toBe('');
    });

    check('reads ranges, cut at the end of the object', async () => {
      const key = fresh('range');
      await bucket.put(key, '0123456789');
      const range = async (first: number, last: number) => {
        const { head, body } = await bucket.read(key, { range: [first, last] });
        expect(head.size).toBe(10);
        return textOf(body);
      };
      expect(await range(0, 0)).toBe('0');
      expect(await range(2, 4)).toBe('234');
      expect(await range(8, 99)).toBe('89');
      await expect(bucket.read(key, { range: [10, 12] })).rejects.toThrow(InvalidInput);
    });

    check('keeps every version apart, and reads the newest without a version', async () => {
      const key = fresh('versions');
      const [first, second] = [await bucket.put(key, 'one'), await bucket.put(key, 'second')];
      if (first.outcome !== 'stored' || second.outcome !== 'stored') throw new Error('not stored');
      const { versionId } = first.head;
      expect(second.head.versionId).not.toBe(versionId);
      expect((await bucket.head(key))?.size).toBe(6);
      expect((await bucket.head(key, { versionId }))?.size).toBe(3);
      expect(await textOf((await bucket.read(key, { versionId })).body)).toBe('one');
    });

    check('knows nothing of a version of another object', async () => {
      const [key, other] = [fresh('a'), fresh('b')];
      await bucket.put(key, 'a');
      const stored = await bucket.put(other, 'b');
      const versionId = stored.outcome === 'stored' ? stored.head.versionId : '';
      expect(await bucket.head(key, { versionId })).toBeUndefined();
      await expect(bucket.read(key, { versionId })).rejects.toThrow(Missing);
    });

    check('put if absent writes once, and never replaces', async () => {
      const key = fresh('manifest.json');
      expect((await bucket.put(key, 'first', { ifAbsent: true })).outcome).toBe('stored');
      expect(await bucket.put(key, 'second', { ifAbsent: true })).toEqual({ outcome: 'exists' });
      expect(await textOf((await bucket.read(key)).body)).toBe('first');
    });

    check('of many puts if absent at one time exactly one is stored', async () => {
      const key = fresh('race');
      const put = (n: number) => bucket.put(key, `writer ${n}`, { ifAbsent: true });
      // S3 may answer one of two that meet with "conflict, try again"; that is neither stored nor lost.
      const answers = await Promise.allSettled([0, 1, 2, 3].map(put));
      const stored = answers.flatMap((one, n) =>
        one.status === 'fulfilled' && one.value.outcome === 'stored' ? [n] : [],
      );
      expect(stored).toHaveLength(1);
      expect(await textOf((await bucket.read(key)).body)).toBe(`writer ${stored[0]}`);
    });

    for (const awkward of ['a//b', 'with space+plus%20percent', 'Grüße/世界 🎬.mp4', 'q?x=1&y#z', "it's (1)!*.mp4"])
      check(`takes the key ${awkward}`, async () => {
        const key = `${fresh('keys')}/${awkward}`;
        await bucket.put(key, awkward);
        expect((await bucket.head(key))?.key).toBe(key);
        expect(await textOf((await bucket.read(key)).body)).toBe(awkward);
      });

    check('takes keys with dot segments, as names and not as paths', async () => {
      const folder = fresh('dots');
      for (const key of [`${folder}/a/../b`, `${folder}/./c`, `../${folder}`]) {
        await bucket.put(key, key);
        expect(await textOf((await bucket.read(key)).body)).toBe(key);
      }
      expect(await bucket.head(`${folder}/b`)).toBeUndefined();
    });

    check('tells composed from decomposed letters', async () => {
      const folder = fresh('unicode');
      await bucket.put(`${folder}/é`.normalize('NFC'), 'composed');
      await bucket.put(`${folder}/é`.normalize('NFD'), 'decomposed');
      expect(await textOf((await bucket.read(`${folder}/é`.normalize('NFC'))).body)).toBe('composed');
      expect(await textOf((await bucket.read(`${folder}/é`.normalize('NFD'))).body)).toBe('decomposed');
    });

    check('takes keys of 1,024 bytes and refuses longer and empty ones', async () => {
      const key = fresh('long/').padEnd(1024, 'x');
      await bucket.put(key, 'long');
      expect((await bucket.head(key))?.size).toBe(4);
      await expect(bucket.put(`${key}x`, '')).rejects.toThrow(InvalidInput);
      await expect(bucket.put('', '')).rejects.toThrow(InvalidInput);
    });

    check('refuses metadata that S3 would change or refuse', async () => {
      const put = (metadata: Record<string, string>) => bucket.put(fresh('meta'), '', { metadata });
      await expect(put({ name: 'Grüße' })).rejects.toThrow(/encode it first/);
      await expect(put({ Upper: 'x' })).rejects.toThrow(InvalidInput);
      await expect(put({ big: 'x'.repeat(3000) })).rejects.toThrow(InvalidInput);
      await expect(put({ spaced: ' x ' })).rejects.toThrow(InvalidInput);
    });

    uploadContract(check, () => bucket);
    checksumContract(check, () => bucket);
    openUploadContract(check, () => bucket);
    linkContract(check, () => bucket);
    listContract(check, () => bucket);
    if (tagsOf) tagContract(check, () => bucket, tagsOf);
  });
}
