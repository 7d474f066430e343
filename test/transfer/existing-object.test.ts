import { describe, expect, test } from 'vitest';
import { Rejected } from '../../shared/errors.ts';
import { crc32cOf } from '../../shared/platform/crc32c.ts';
import type { Bucket } from '../../shared/platform/ports.ts';
import { Crash, dyingBucket, honest, mebibyte, movie, sourceServer, transferWorld } from './transfer-world.ts';

const part = 8 * mebibyte;
const theirs = { metadata: { 'run-id': 'run-2' } };

async function world(bytes: number) {
  const file = movie(bytes);
  const source = await sourceServer(honest(file));
  return { file, source, ...(await transferWorld(source)) };
}

describe.each([1000, 2 * part + 5])('what this copy has published (%i bytes)', (bytes) => {
  const publishing = bytes < part ? 'put' : 'publish';

  test('is accepted as it is, though its source is another file by now', async () => {
    const { attempt, bucket, source, file, delivered } = await world(bytes);
    await expect(attempt({}, { bucket: dyingBucket(bucket, publishing, 1, 'after') })).rejects.toThrow(Crash);
    const other = movie(bytes + 7, 2);
    source.answerWith(honest(other, { headers: { 'x-goog-hash': `crc32c=${base64(crc32cOf(other))}` } }));
    const again = await attempt({ remembered: undefined });
    const checksum = { algorithm: 'crc32c', value: crc32cOf(file) };
    expect(again).toMatchObject({ outcome: 'already-there', bytes, checksum, comparedWithSource: false });
    expect((await delivered()).equals(file)).toBe(true);
  });

  test('is not written over by a sibling that published in the same moment, where a rule has things replaced', async () => {
    const { attempt, bucket } = await world(bytes);
    const versions: string[] = [];
    const seeing = seen(bucket, versions);
    const late = beforeEnd(seeing, async () => {
      await attempt({ overwrite: true, remembered: undefined }, { bucket: seeing });
    });
    const outcome = (await attempt({ overwrite: true }, { bucket: late })).outcome;
    expect(outcome).toBe('already-there');
    expect(versions).toHaveLength(1);
    expect((await bucket.head('out/a.mp4'))?.versionId).toBe(versions[0]);
  });

  test('is not written over either where it replaced somebody else’s', async () => {
    const { attempt, bucket } = await world(bytes);
    await bucket.put('out/a.mp4', 'theirs', theirs);
    const versions: string[] = [];
    const seeing = seen(bucket, versions);
    const late = beforeEnd(seeing, async () => {
      await attempt({ overwrite: true, remembered: undefined }, { bucket: seeing });
    });
    expect((await attempt({ overwrite: true }, { bucket: late })).outcome).toBe('already-there');
    expect(versions).toHaveLength(1);
  });
});

test('a source whose checksum is always wrong is given up, also when the remembered parts are gone', async () => {
  const file = movie(2 * part);
  const source = await sourceServer(honest(file));
  const { attempt, bucket, memory } = await transferWorld(source);
  await expect(attempt({}, { bucket: dyingBucket(bucket, 'putPart', 1), connections: 1 })).rejects.toThrow(Crash);
  if (memory.state) await bucket.abandon(memory.state);
  source.answerWith(honest(file, { headers: { 'x-goog-hash': 'crc32c=AAAAAA==' } }));
  await expect(attempt()).rejects.toThrow(Rejected);
  expect(await bucket.head('out/a.mp4')).toBeUndefined();
});

const base64 = (hex: string) => Buffer.from(hex, 'hex').toString('base64');

/** The bucket, noting each version that is written. */
function seen(bucket: Bucket, versions: string[]): Bucket {
  const note = async (name: 'put' | 'publish', args: unknown[]) => {
    const stored = await bucket[name](...(args as [never, never, never]));
    if (stored.outcome === 'stored') versions.push(stored.head.versionId);
    return stored;
  };
  return { ...bucket, put: (...args) => note('put', args), publish: (...args) => note('publish', args) };
}

/** The bucket, in which something happens while the first object is on its way to it. */
function beforeEnd(bucket: Bucket, happens: () => Promise<void>): Bucket {
  let isFirst = true;
  const before = async (): Promise<void> => {
    if (!isFirst) return;
    isFirst = false;
    await happens();
  };
  return {
    ...bucket,
    put: async (...args) => {
      await before();
      return bucket.put(...args);
    },
    publish: async (...args) => {
      await before();
      return bucket.publish(...args);
    },
  };
}
