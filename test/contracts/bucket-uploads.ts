import { createHash } from 'node:crypto';
import { expect } from 'vitest';
import { InvalidInput, Missing } from '../../shared/errors.ts';
import type { Bucket, Part, Upload } from '../../shared/platform/ports.ts';
import { bytesOf, type Check, fresh, textOf } from './contract.ts';

const fiveMiB = 5 * 1024 * 1024;

/** The multipart half of what every `Bucket` promises. */
export function uploadContract(check: Check, open: () => Bucket): void {
  const large = (letter: string) => Buffer.alloc(fiveMiB, letter);
  const begin = async (key: string, ...bodies: Uint8Array[]): Promise<{ upload: Upload; parts: Part[] }> => {
    const upload = await open().startUpload(key);
    const parts: Part[] = [];
    for (const [index, body] of bodies.entries()) parts.push(await open().putPart(upload, index + 1, body));
    return { upload, parts };
  };

  check('an upload is not visible before it is published, and then whole', async () => {
    const key = fresh('upload');
    const metadata = { 'run-id': 'r1' };
    const upload = await open().startUpload(key, { contentType: 'video/mp4', metadata });
    const second = await open().putPart(upload, 2, Buffer.from('the end'));
    const first = await open().putPart(upload, 1, large('a'));
    expect(await open().head(key)).toBeUndefined();

    const stored = await open().publish(upload, [first, second]);
    const size = fiveMiB + 7;
    expect(stored).toMatchObject({
      outcome: 'stored',
      head: { key, size, etag: etagOf(large('a'), Buffer.from('the end')) },
    });
    expect(await open().head(key)).toMatchObject({ size, contentType: 'video/mp4', metadata });
    const { body } = await open().read(key, { range: [fiveMiB - 3, fiveMiB + 2] });
    expect(await textOf(body)).toBe('aaathe');
    const all = await bytesOf((await open().read(key)).body);
    expect(all.equals(Buffer.concat([large('a'), Buffer.from('the end')]))).toBe(true);
  });

  check('lists the parts that have arrived, in order, the newest of each number', async () => {
    const { upload, parts } = await begin(fresh('list'), Buffer.from('one'), Buffer.from('two'));
    const replaced = await open().putPart(upload, 1, Buffer.from('other'));
    const last = await open().putPart(upload, 10_000, Buffer.from('x'));
    expect(await open().listParts(upload)).toEqual([replaced, parts[1], last]);
    expect(replaced).toMatchObject({ partNumber: 1, size: 5, etag: md5('other') });
    await open().abandon(upload);
  });

  check('an upload of one small or empty part is published', async () => {
    for (const text of ['small', '']) {
      const key = fresh('one-part');
      const { upload, parts } = await begin(key, Buffer.from(text));
      expect((await open().publish(upload, parts)).outcome).toBe('stored');
      expect(await textOf((await open().read(key)).body)).toBe(text);
    }
  });

  check('publish takes only the parts it is given', async () => {
    const key = fresh('some');
    const { upload, parts } = await begin(key, large('a'), large('b'), Buffer.from('c'));
    await open().publish(
      upload,
      parts.filter((part) => part.partNumber !== 2),
    );
    const { head, body } = await open().read(key, { range: [fiveMiB - 1, fiveMiB + 9] });
    expect(head.size).toBe(fiveMiB + 1);
    expect(await textOf(body)).toBe('ac');
  });

  check('publish refuses parts that did not arrive, are out of order, or are too small', async () => {
    const key = fresh('refused');
    const { upload, parts } = await begin(key, large('a'), Buffer.from('b'), Buffer.from('c'));
    const [one, two, three] = parts as [Part, Part, Part];
    await expect(open().publish(upload, [one, { ...three, partNumber: 7 }])).rejects.toThrow(InvalidInput);
    await expect(open().publish(upload, [{ ...one, etag: md5('else') }])).rejects.toThrow(InvalidInput);
    await expect(open().publish(upload, [three, one])).rejects.toThrow(InvalidInput);
    await expect(open().publish(upload, [one, two, three])).rejects.toThrow(InvalidInput);
    await expect(open().publish(upload, [])).rejects.toThrow(InvalidInput);
    expect(await open().head(key)).toBeUndefined();
    expect(await open().publish(upload, [one, two])).toMatchObject({ outcome: 'stored' });
  });

  check('refuses a part number outside 1 to 10,000', async () => {
    const upload = await open().startUpload(fresh('numbers'));
    for (const partNumber of [0, 10_001, 1.5])
      await expect(open().putPart(upload, partNumber, Buffer.from('x'))).rejects.toThrow(InvalidInput);
    await open().abandon(upload);
  });

  check('publish if absent never replaces, and the refused upload can be abandoned', async () => {
    const key = fresh('once');
    const [mine, other] = [await begin(key, Buffer.from('mine')), await begin(key, Buffer.from('other'))];
    expect((await open().publish(mine.upload, mine.parts, { ifAbsent: true })).outcome).toBe('stored');
    expect(await open().publish(other.upload, other.parts, { ifAbsent: true })).toEqual({ outcome: 'exists' });
    expect(await textOf((await open().read(key)).body)).toBe('mine');
    await open().abandon(other.upload);
    await expect(open().listParts(other.upload)).rejects.toThrow(Missing);
  });

  check('an abandoned upload is missing, and abandoning it again is no error', async () => {
    const { upload } = await begin(fresh('abandoned'), Buffer.from('x'));
    await open().abandon(upload);
    await open().abandon(upload);
    await expect(open().listParts(upload)).rejects.toThrow(Missing);
  });

  check('an upload that has ended takes no part and cannot be published', async () => {
    const { upload, parts } = await begin(fresh('ended'), Buffer.from('x'));
    await open().abandon(upload);
    await expect(open().putPart(upload, 1, Buffer.from('x'))).rejects.toThrow(Missing);
    await expect(open().publish(upload, parts)).rejects.toThrow(Missing);
  });

  check('a published upload has no parts any more', async () => {
    const { upload, parts } = await begin(fresh('published'), Buffer.from('x'));
    await open().publish(upload, parts);
    await expect(open().listParts(upload)).rejects.toThrow(Missing);
    await open().abandon(upload);
    expect((await open().head(upload.key))?.size).toBe(1);
  });
}

const md5 = (data: string | Buffer) => createHash('md5').update(data).digest('hex');

function etagOf(...bodies: Buffer[]): string {
  const digests = bodies.map((body) => createHash('md5').update(body).digest());
  return `${md5(Buffer.concat(digests))}-${bodies.length}`;
}
