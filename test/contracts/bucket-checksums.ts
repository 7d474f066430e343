import { expect } from 'vitest';
import { Rejected } from '../../shared/errors.ts';
import { crc32cOf, joinCrc32c } from '../../shared/platform/crc32c.ts';
import type { Bucket } from '../../shared/platform/ports.ts';
import { type Check, fresh, textOf } from './contract.ts';

const fiveMiB = 5 * 1024 * 1024;
const hello = { text: 'hello', crc32c: '9a71bb4c' };
const wrong = '00000001';

/** What every `Bucket` finds over the bytes that it is given. */
export function checksumContract(check: Check, open: () => Bucket): void {
  check('an object put with its checksum has it', async () => {
    const key = fresh('checked');
    const stored = await open().put(key, hello.text, { crc32c: hello.crc32c });
    expect(stored).toMatchObject({ outcome: 'stored', head: { crc32c: hello.crc32c } });
    expect((await open().head(key))?.crc32c).toBe(hello.crc32c);
  });

  check('bytes that are not those of the checksum are rejected, and nothing is there', async () => {
    const key = fresh('wrong');
    await expect(open().put(key, hello.text, { crc32c: wrong })).rejects.toThrow(Rejected);
    expect(await open().head(key)).toBeUndefined();
  });

  check('a put that is rejected leaves what was there', async () => {
    const key = fresh('kept');
    await open().put(key, 'before');
    await expect(open().put(key, hello.text, { crc32c: wrong })).rejects.toThrow(Rejected);
    expect(await textOf((await open().read(key)).body)).toBe('before');
  });

  check('a part whose bytes are not those of its checksum is rejected, and does not arrive', async () => {
    const upload = await open().startUpload(fresh('wrong-part'));
    await open().putPart(upload, 1, Buffer.from('one'));
    await expect(open().putPart(upload, 2, Buffer.from(hello.text), { crc32c: wrong })).rejects.toThrow(Rejected);
    expect((await open().listParts(upload)).map(({ partNumber }) => partNumber)).toEqual([1]);
    await open().abandon(upload);
  });

  check('each part that has arrived has its checksum, whether it came with one or not', async () => {
    const upload = await open().startUpload(fresh('parts'));
    await open().putPart(upload, 1, Buffer.from(hello.text), { crc32c: hello.crc32c });
    await open().putPart(upload, 2, Buffer.from('other'));
    const found = (await open().listParts(upload)).map(({ crc32c }) => crc32c);
    expect(found).toEqual([hello.crc32c, crc32cOf(Buffer.from('other'))]);
    await open().abandon(upload);
  });

  check('a published object has the checksum of all its bytes, joined from those of its parts', async () => {
    const key = fresh('whole');
    const { upload, parts, crc32c } = await twoParts(open(), key);
    const stored = await open().publish(upload, parts, { crc32c });
    expect(stored).toMatchObject({ outcome: 'stored', head: { size: fiveMiB + 5, crc32c } });
    expect((await open().head(key))?.crc32c).toBe(crc32c);
  });

  check('a publish with another checksum is rejected, nothing is visible, and the right one still can be', async () => {
    const key = fresh('wrong-whole');
    const { upload, parts, crc32c } = await twoParts(open(), key);
    await expect(open().publish(upload, parts, { crc32c: wrong })).rejects.toThrow(Rejected);
    expect(await open().head(key)).toBeUndefined();
    expect((await open().publish(upload, parts, { crc32c })).outcome).toBe('stored');
  });

  check('an object is kept in the storage class that is asked for', async () => {
    const [put, published] = [fresh('class/put'), fresh('class/published')];
    await open().put(put, 'x', { storageClass: 'STANDARD_IA' });
    const upload = await open().startUpload(published, { storageClass: 'STANDARD_IA' });
    await open().publish(upload, [await open().putPart(upload, 1, Buffer.from('x'))]);
    for (const key of [put, published]) {
      expect((await open().head(key))?.storageClass).toBe('STANDARD_IA');
      expect((await open().list({ prefix: key })).objects).toMatchObject([{ key, storageClass: 'STANDARD_IA' }]);
    }
    await open().put(put, 'x', { storageClass: 'STANDARD' });
    expect((await open().head(put))?.storageClass).toBeUndefined();
  });
}

async function twoParts(bucket: Bucket, key: string) {
  const first = Buffer.alloc(fiveMiB, 'a');
  const crc32c = joinCrc32c(crc32cOf(first), hello.crc32c, hello.text.length);
  expect(crc32c).toBe(crc32cOf(Buffer.concat([first, Buffer.from(hello.text)])));
  const upload = await bucket.startUpload(key);
  const parts = [await bucket.putPart(upload, 1, first), await bucket.putPart(upload, 2, Buffer.from(hello.text))];
  return { upload, parts, crc32c };
}
