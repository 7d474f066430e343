import { Rejected } from '../errors.ts';
import { accepted } from './check-content.ts';
import { WrongBytes } from './errors.ts';
import { alreadyThere } from './existing-object.ts';
import { type Copy, propertiesOf, type Transferred, transferred } from './job.ts';
import type { FullPart, Reading } from './part-sender.ts';
import { layoutOf } from './parts.ts';
import { readInParallel } from './read-in-parallel.ts';
import { readInOrder } from './read-sequentially.ts';
import type { Answered, Pin } from './source.ts';

/** In one piece, which the store takes as a whole or not at all. */
export async function copySmall(copy: Copy, opened: Answered, inOrder: boolean): Promise<Transferred> {
  let stored: Transferred | undefined;
  const reading: Reading = {
    ...copy,
    pin: opened,
    layout: layoutOf(opened.bytes),
    // It takes no longer than one part of a large file, so it is never left half done.
    watch: { ...copy.watch, isOver: () => false },
    progress: () => ({ bytes: 0, ofBytes: opened.bytes }),
    missing: () => (stored ? [] : [1]),
    send: async (whole) => {
      stored = await put(copy, opened, whole);
    },
  };
  await (inOrder ? readInOrder(reading, opened) : readInParallel(reading, opened));
  await copy.watch.settled();
  if (!stored) throw new Error('The source ended before its last byte.');
  return stored;
}

async function put({ deps, job }: Copy, pin: Pin, { bytes, crc32c: checksum }: FullPart): Promise<Transferred> {
  const { bucket } = deps;
  const { identity, overwrite = false } = job;
  const container = accepted(job.kind ?? 'video', bytes);
  const key = job.keyFor(container.extension);
  if (pin.sourceCrc32c !== undefined && pin.sourceCrc32c !== checksum)
    throw new WrongBytes(
      `The checksum CRC32C of what was read for ${key} is ${checksum}; its source says ${pin.sourceCrc32c}.`,
    );
  const write = async (ifAbsent: boolean) => {
    const put = () => bucket.put(key, bytes, { ...propertiesOf(job, container), crc32c: checksum, ifAbsent });
    // What the store found other bytes in was damaged on the way.
    const stored = await put().catch((error) => {
      if (error instanceof Rejected) return put();
      throw error;
    });
    if (stored.outcome === 'stored') return transferred('copied', { head: stored.head, checksum }, container, pin);
    const existing = await alreadyThere(bucket, key, { identity, overwrite });
    return existing && transferred('already-there', existing, container, pin);
  };
  // Over what is not ours, where the rule says so; never over what a sibling has just written.
  const written = (await write(true)) ?? (overwrite ? await write(false) : undefined);
  if (!written) throw new Error(`${key} in ${bucket.name} was there a moment ago and is gone.`);
  return written;
}
