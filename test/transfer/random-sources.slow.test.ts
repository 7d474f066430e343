import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { LinkAnswer, openLink } from '../../shared/platform/links.ts';
import type { Bucket } from '../../shared/platform/ports.ts';
import { partMemory } from '../../shared/transfer/transfer.ts';
import { Crash, dyingBucket, etagOf, mebibyte, movie, transferWorldOf } from './transfer-world.ts';

const part = 8 * mebibyte;
const largest = movie(3 * part + 12_345);

type Fault = 'none' | 'cut' | 'stale' | 'busy' | 'broken' | 'whole' | 'short';
const faults: readonly Fault[] = ['none', 'none', 'none', 'cut', 'stale', 'busy', 'broken', 'whole', 'short'];

/** A source without a network, that fails as it is told to; counts what it sends. */
function source(file: Buffer, plan: readonly Fault[], isPinned: boolean) {
  let number = 0;
  const sent = { bytes: 0 };
  const open: typeof openLink = async (_link, { range, ifMatch }) => {
    const fault = plan[number % plan.length] ?? 'none';
    number += 1;
    const etag = isPinned ? etagOf(file) : undefined;
    if (ifMatch !== undefined && ifMatch !== etag) return answer(412, {}, Buffer.alloc(0), sent);
    if (fault === 'broken') throw new Error('The connection failed.');
    if (fault === 'stale') return answer(403, {}, Buffer.from('no'), sent);
    if (fault === 'busy') return answer(503, {}, Buffer.from('no'), sent);
    const [first, asked = file.length - 1] = range ?? [0];
    const until = Math.min(asked, file.length - 1);
    if (fault === 'whole' || range === undefined)
      return answer(200, { etag, 'content-length': String(file.length) }, file, sent);
    const last = fault === 'short' ? Math.min(until, first + 1_000_000) : until;
    const body = file.subarray(first, last + 1);
    const headers = { etag, 'content-range': `bytes ${first}-${last}/${file.length}` };
    return answer(206, headers, fault === 'cut' ? body.subarray(0, body.length >> 1) : body, sent);
  };
  return { open, sent };
}

function answer(status: number, headers: LinkAnswer['headers'], body: Buffer, sent: { bytes: number }): LinkAnswer {
  let isOver = false;
  async function* pieces() {
    for (let at = 0; at < body.length && !isOver; at += 700_000) {
      const piece = body.subarray(at, at + 700_000);
      sent.bytes += piece.length;
      yield piece;
    }
    if (isOver) throw new Error('It was given up.');
  }
  return {
    status,
    headers,
    body: pieces(),
    discard: () => {
      isOver = true;
    },
  };
}

const calls = ['head', 'startUpload', 'putPart', 'publish', 'put', 'listParts'] as const;

test('whatever fails and wherever it dies, what is published is the source’s bytes, or nothing is there', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(fc.integer({ min: 1, max: largest.length }), fc.constantFrom(1, 2 * mebibyte, part - 1, part, 2 * part)),
      fc.array(fc.constantFrom(...faults), { minLength: 1, maxLength: 12 }),
      fc.array(fc.record({ call: fc.constantFrom(...calls), n: fc.integer({ min: 1, max: 6 }), after: fc.boolean() }), {
        maxLength: 3,
      }),
      fc.record({ connections: fc.integer({ min: 1, max: 6 }), parts: fc.integer({ min: 1, max: 6 }) }),
      fc.boolean(),
      async (bytes, plan, crashes, { connections, parts }, isPinned) => {
        const file = Buffer.from(largest.subarray(0, bytes));
        if (bytes < 12) return;
        const { bucket, memory, attempt, delivered, close } = await transferWorldOf();
        try {
          const { open } = source(file, plan, isPinned);
          const tries: Bucket[] = crashes.map(({ call, n, after }) =>
            dyingBucket(bucket, call, n, after ? 'after' : 'before'),
          );
          for (const tried of [...tries, bucket, bucket]) {
            const deps = { bucket: tried, connections, memory: partMemory(parts * part), openLink: open };
            const ended = await attempt({ remembered: memory.state }, deps).catch((error: unknown) => error);
            const head = await bucket.head('out/a.mp4');
            if (head) expect((await delivered()).equals(file)).toBe(true);
            if (!(ended instanceof Error)) expect(head?.size).toBe(bytes);
          }
          // Where nothing fails any more, it arrives.
          await attempt({ remembered: memory.state }, { openLink: source(file, ['none'], isPinned).open });
          expect((await delivered()).equals(file)).toBe(true);
        } finally {
          await close();
        }
      },
    ),
    { numRuns: 15 },
  );
}, 120_000);

test('after a crash anywhere, each worker reads at most one part again', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 4 }),
      // Of its four parts.
      fc.integer({ min: 1, max: 4 }),
      fc.boolean(),
      async (connections, n, after) => {
        const { bucket, memory, attempt, delivered, close } = await transferWorldOf();
        try {
          const { open, sent } = source(largest, ['none'], true);
          const deps = { connections, memory: partMemory(connections * part), openLink: open };
          const dying = dyingBucket(bucket, 'putPart', n, after ? 'after' : 'before');
          await expect(attempt({}, { ...deps, bucket: dying })).rejects.toThrow(Crash);
          expect((await attempt({ remembered: memory.state }, deps)).outcome).toBe('copied');
          expect(sent.bytes).toBeLessThanOrEqual(largest.length + connections * part);
          expect((await delivered()).equals(largest)).toBe(true);
        } finally {
          await close();
        }
      },
    ),
    { numRuns: 6 },
  );
}, 120_000);

test('a part of which two connections bring the last bytes at the same moment is sent once', async () => {
  const { bucket, attempt, delivered, close } = await transferWorldOf();
  const sent: number[] = [];
  const counting: Bucket = {
    ...bucket,
    putPart: (...args) => {
      sent.push(args[1]);
      return bucket.putPart(...args);
    },
  };
  try {
    await attempt({}, { bucket: counting, openLink: source(largest, ['none'], true).open });
    expect(sent.sort()).toEqual([1, 2, 3, 4]);
    expect((await delivered()).equals(largest)).toBe(true);
  } finally {
    await close();
  }
});
