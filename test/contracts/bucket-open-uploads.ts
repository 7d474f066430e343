import { expect } from 'vitest';
import type { Bucket, OpenUpload, Upload } from '../../shared/platform/ports.ts';
import { type Check, fresh } from './contract.ts';

/** How every `Bucket` tells which uploads nobody has ended. */
export function openUploadContract(check: Check, open: () => Bucket): void {
  check('lists the uploads that are neither published nor abandoned, and since when', async () => {
    const prefix = `${fresh('open')}/`;
    const [left, published, abandoned] = [
      await open().startUpload(`${prefix}left ü+&.mp4`),
      await open().startUpload(`${prefix}published`),
      await open().startUpload(`${prefix}abandoned`),
    ];
    await open().publish(published, [await open().putPart(published, 1, Buffer.from('x'))]);
    await open().abandon(abandoned);
    const { uploads, next } = await open().listUploads({ prefix });
    expect(uploads).toEqual([{ ...left, startedAt: expect.any(Date) }]);
    expect(uploads[0]?.startedAt.getTime()).not.toBeNaN();
    expect(next).toBeUndefined();
    await open().abandon(left);
    expect(await open().listUploads({ prefix })).toEqual({ uploads: [] });
  });

  for (const [title, letters] of [
    ['lists uploads by key, in as many pages as it takes', 'bdace'],
    ['lists several uploads of one key, in as many pages as it takes', 'bacaa'],
  ] as const)
    check(title, () => listsAll(open(), letters));

  check('an upload of a key that only begins alike is listed as its own', async () => {
    const key = fresh('alike');
    const [one, longer] = [await open().startUpload(key), await open().startUpload(`${key}.part`)];
    const { uploads } = await open().listUploads({ prefix: key });
    expect(uploads.filter((upload) => upload.key === key)).toMatchObject([one]);
    for (const upload of [one, longer]) await open().abandon(upload);
  });
}

async function listsAll(bucket: Bucket, letters: string): Promise<void> {
  const prefix = `${fresh('pages')}/`;
  const begun: Upload[] = [];
  for (const name of [...letters].map((letter) => `${prefix}${letter}`)) begun.push(await bucket.startUpload(name));
  const found: OpenUpload[] = [];
  let after: Upload | undefined;
  do {
    const page = await bucket.listUploads({ prefix, limit: 2, ...(after && { after }) });
    expect(page.uploads.length).toBeLessThanOrEqual(2);
    found.push(...page.uploads);
    after = page.next;
  } while (after && found.length <= begun.length);
  expect(found.map(({ key }) => key.slice(prefix.length))).toEqual([...letters].sort());
  const ids = (uploads: readonly Upload[]) => uploads.map(({ uploadId }) => uploadId).sort();
  expect(ids(found)).toEqual(ids(begun));
  for (const upload of begun) await bucket.abandon(upload);
}
