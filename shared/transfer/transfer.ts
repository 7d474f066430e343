import { Rejected } from '../errors.ts';
import type { Bucket } from '../platform/ports.ts';
import { copyLarge, resume } from './copy-large.ts';
import { copySmall } from './copy-small.ts';
import { watchOf } from './deadline.ts';
import { RangesIgnored, StartOver, WrongBytes } from './errors.ts';
import type { Copy, HandedOver, TransferDeps, TransferJob, Transferred } from './job.ts';
import { partMemory } from './part-memory.ts';
import { smallBytes } from './parts.ts';
import type { RememberedTransfer } from './resume-state.ts';
import { type Answered, isPinned, sourceOf } from './source.ts';

export { KeyTaken } from './existing-object.ts';
export type { HandedOver, TransferDeps, TransferJob, Transferred } from './job.ts';
export { type PartMemory, partMemory } from './part-memory.ts';
export type { RememberedTransfer } from './resume-state.ts';

/** Beside the program itself and what the collector has not taken yet, a process stays below 256 MB. */
const defaultMemoryBytes = 80 * 1024 * 1024;
export const defaultConnections = 12;
/** Enough to know the source, and the whole of a thumbnail. */
const openingBytes = 2 * 1024 * 1024;

/**
 * Copies the file behind a signed link into a bucket, whole or not at all: by many connections, in parts of bounded
 * memory, resumed after a crash from the parts that have arrived, published once under a key that nothing else has.
 */
export async function transfer(deps: TransferDeps, job: TransferJob): Promise<Transferred | HandedOver> {
  const { memory = partMemory(defaultMemoryBytes), connections = defaultConnections } = deps;
  const source = sourceOf({ ...deps, openLinkNow: job.openLinkNow, signal: job.signal, isXml: job.kind === 'project' });
  const copy: Copy = {
    deps,
    job,
    source,
    watch: watchOf(deps, job),
    memory,
    connections,
    wrongBefore: job.remembered?.wrongBefore,
  };
  try {
    return await (job.remembered ? resume(copy, job.remembered) : begin(copy));
  } catch (error) {
    // The source changed, or someone else ended the upload. Once more from the start; then the queue may try again.
    if (!(error instanceof StartOver)) throw error;
    return await restart(copy, error);
  } finally {
    await copy.watch.settled().catch(() => {});
  }
}

/** Frees the parts of a copy that is given up for good. */
export const abandonTransfer = (bucket: Bucket, { key, uploadId }: RememberedTransfer): Promise<void> =>
  bucket.abandon({ key, uploadId });

/** By one connection where the source knows no ranges, or has nothing by which to know two answers for one file's. */
async function begin(copy: Copy, isOneStream = false): Promise<Transferred | HandedOver> {
  const opened = await open(copy, isOneStream);
  const inOrder = isOneStream || !opened.isRange || !isPinned(opened);
  try {
    return await (opened.bytes < smallBytes ? copySmall(copy, opened, inOrder) : copyLarge(copy, opened, inOrder));
  } catch (error) {
    if (!(error instanceof RangesIgnored) || isOneStream) throw error;
  } finally {
    opened.discard();
  }
  return begin(copy, true);
}

async function open({ source }: Copy, isOneStream: boolean): Promise<Answered> {
  if (isOneStream) return source.read([0]);
  const opened = await source.read([0, openingBytes - 1]);
  if (!opened.isRange || isPinned(opened) || opened.length === opened.bytes) return opened;
  opened.discard();
  return source.read([0]);
}

/** Restarts the copy, unless this is its second corruption. */
async function restart(copy: Copy, why: StartOver): Promise<Transferred | HandedOver> {
  const isWrong = why instanceof WrongBytes;
  if (isWrong && copy.wrongBefore)
    throw new Rejected(`${why.message} That was so twice, so it was not delivered.`, {}, { cause: why });
  const next: Copy = isWrong ? { ...copy, wrongBefore: true } : copy;
  try {
    return await begin(next);
  } catch (again) {
    if (!(again instanceof WrongBytes)) throw again;
    return restart(next, again);
  }
}
