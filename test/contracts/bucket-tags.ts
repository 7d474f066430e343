import { expect } from 'vitest';
import { InvalidInput } from '../../shared/errors.ts';
import type { Bucket } from '../../shared/platform/ports.ts';
import { type Check, fresh } from './contract.ts';

export type TagsOf = (bucket: Bucket, key: string) => Promise<Readonly<Record<string, string>>>;

/** What every `Bucket` promises of tags. The port only writes them: `tagsOf` is how the store is asked for them. */
export function tagContract(check: Check, open: () => Bucket, tagsOf: TagsOf): void {
  const tags = { rule: 'tighten/', 'cost centre': 'a+b=c @ 5:00', größe: 'Ä 世界', none: '' };

  check('an object has the tags it was put with', async () => {
    const key = fresh('tags');
    await open().put(key, 'x', { tags });
    expect(await tagsOf(open(), key)).toEqual(tags);
    await open().put(key, 'y');
    expect(await tagsOf(open(), key)).toEqual({});
  });

  check('a published upload has the tags it was started with', async () => {
    const key = fresh('tags');
    const upload = await open().startUpload(key, { tags });
    const part = await open().putPart(upload, 1, Buffer.from('x'));
    await open().publish(upload, [part]);
    expect(await tagsOf(open(), key)).toEqual(tags);
  });

  check('refuses tags that S3 would refuse', async () => {
    const put = (given: Record<string, string>) => open().put(fresh('tags'), '', { tags: given });
    await expect(put({ a: 'x&y' })).rejects.toThrow(/takes letters, digits/);
    await expect(put({ 'aws:a': 'x' })).rejects.toThrow(InvalidInput);
    await expect(put({ '': 'x' })).rejects.toThrow(InvalidInput);
    await expect(put({ a: 'x'.repeat(257) })).rejects.toThrow(InvalidInput);
    const eleven = Object.fromEntries(Array.from({ length: 11 }, (_, index) => [`t${index}`, 'x']));
    await expect(put(eleven)).rejects.toThrow(/has 11 tags/);
    await expect(open().startUpload(fresh('tags'), { tags: eleven })).rejects.toThrow(InvalidInput);
  });
}
