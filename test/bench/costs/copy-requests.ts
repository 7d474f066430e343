import type { LinkAnswer, LinkOptions } from '../../../shared/platform/links.ts';
import type { Bucket, ObjectHead, Upload } from '../../../shared/platform/ports.ts';
import { transfer } from '../../../shared/transfer/transfer.ts';
import { makeContent, piece } from '../copy/content.ts';
import { countedBucket } from './counted-ports.ts';
import type { Tally } from './tally.ts';

/** Copies an output of this size by the product's own code into a bucket that forgets it at once, and counts. */
export async function countCopy(bytes: number, tally: Tally): Promise<void> {
  await transfer(
    {
      bucket: countedBucket(forgetful(), tally),
      trustedHosts: [],
      clock: Date.now,
      openLink: async (_link, options) => answer(bytes, options),
    },
    {
      openLinkNow: async () => 'https://outputs.example/1.mp4',
      keyFor: (extension) => `1.${extension}`,
      identity: { 'run-id': '1' },
      // As an item of the table, with its key.
      remember: async (state) => tally.add('tableWrite', Math.ceil((JSON.stringify(state).length + 200) / 1024)),
    },
  );
}

const content = makeContent();

function answer(size: number, { range: [first, wanted = size] = [0] }: LinkOptions): LinkAnswer {
  const last = Math.min(wanted, size - 1);
  return {
    status: 206,
    headers: {
      'content-type': 'video/mp4',
      'content-length': String(last - first + 1),
      'content-range': `bytes ${first}-${last}/${size}`,
      etag: '"the-same"',
    },
    body: bodyOf(first, last),
    discard: () => {},
  };
}

async function* bodyOf(first: number, last: number): AsyncGenerator<Uint8Array> {
  for (let at = first; at <= last; ) {
    const bytes = piece(content, at, Math.min(1024 * 1024, last + 1 - at));
    at += bytes.length;
    yield bytes;
  }
}

/** Takes everything and keeps nothing. */
function forgetful(): Bucket {
  const head = (key: string, size: number): ObjectHead => ({
    ...{ key, size, etag: 'e', versionId: 'v', metadata: {}, lastModified: new Date() },
  });
  const bucket: Partial<Bucket> = {
    name: 'deliveries',
    head: async () => undefined,
    put: async (key, body) => ({ outcome: 'stored', head: head(key, body.length) }),
    startUpload: async (key): Promise<Upload> => ({ key, uploadId: 'u' }),
    putPart: async (_upload, partNumber, body, { crc32c } = {}) => ({
      ...{ partNumber, size: body.byteLength, etag: 'e', crc32c },
    }),
    listParts: async () => [],
    publish: async ({ key }, parts) => ({
      outcome: 'stored',
      head: head(
        key,
        parts.reduce((sum, { size }) => sum + size, 0),
      ),
    }),
    abandon: async () => {},
  };
  return bucket as Bucket;
}
