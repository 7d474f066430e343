import { Missing } from '../errors.ts';
import type { Bucket, Part, Upload } from '../platform/ports.ts';
import { crc32Of } from './transfer-checksum.ts';
import { alreadyThere, type Existing, type Identity } from './transfer-existing.ts';
import { type Buffers, missingRange, type PartBytes, partBuffers, partCount, partsOf } from './transfer-parts.ts';
import { type Source, SourceBroke, StartOver } from './transfer-source.ts';
import { type RememberedTransfer, usableParts, wholeChecksum, withChecksum } from './transfer-state.ts';

interface UploadDeps {
  readonly bucket: Bucket;
  readonly maxMemoryBytes?: number;
}

interface UploadJob {
  readonly identity: Identity;
  readonly remember: (state: RememberedTransfer) => Promise<void>;
  readonly heartbeat?: (progress: { readonly bytes: number; readonly ofBytes: number }) => Promise<void> | void;
  readonly signal?: AbortSignal;
}

/** A stretch that is being read already, from its first part. */
interface Opened {
  readonly buffers: Buffers;
  readonly parts: AsyncIterable<PartBytes>;
}

interface Copy {
  readonly bucket: Bucket;
  readonly job: UploadJob;
  readonly source: Source;
  readonly upload: Upload;
  readonly maxMemoryBytes: number;
  readonly arrived: Map<number, Part>;
  state: RememberedTransfer;
}

/** Sends what has not arrived yet and publishes. Throws StartOver when what has arrived is of no use any more. */
export async function sendParts(
  deps: UploadDeps,
  job: UploadJob,
  source: Source,
  state: RememberedTransfer,
  opened?: Opened,
): Promise<Existing & { readonly outcome: 'copied' | 'already-there' }> {
  const { bucket, maxMemoryBytes = 96 * 1024 * 1024 } = deps;
  const upload = { key: state.key, uploadId: state.uploadId };
  const listed = opened ? [] : await partsArrived(bucket, upload);
  const copy: Copy = { bucket, job, source, upload, maxMemoryBytes, state, arrived: usableParts(state, listed ?? []) };
  if (!listed) return endedBefore(copy);
  try {
    await sendAll(copy, opened);
    return await publish(copy);
  } catch (error) {
    if (error instanceof StartOver) await bucket.abandon(upload);
    throw error;
  }
}

/** Undefined when the upload has ended. */
async function partsArrived(bucket: Bucket, upload: Upload): Promise<readonly Part[] | undefined> {
  try {
    return await bucket.listParts(upload);
  } catch (error) {
    if (error instanceof Missing) return undefined;
    throw error;
  }
}

/** A connection that breaks after some parts is worth another at once; one that brings nothing is the queue's matter. */
async function sendAll(copy: Copy, opened?: Opened): Promise<void> {
  if (!opened && copy.state.etag === '') throw new StartOver('The source has no ETag, so it may have changed since.');
  for (let at = opened; ; at = undefined) {
    const before = copy.arrived.size;
    try {
      return await sendMissing(copy, at);
    } catch (error) {
      const isWorthAnother = error instanceof SourceBroke && copy.state.etag !== '' && copy.arrived.size > before;
      if (!isWorthAnother || copy.job.signal?.aborted) throw error;
    }
  }
}

async function sendMissing(copy: Copy, opened?: Opened): Promise<void> {
  const { state, source } = copy;
  const buffers = opened?.buffers ?? partBuffers(state, copy.maxMemoryBytes);
  const sent = new Set(copy.arrived.keys());
  const inFlight: Promise<void>[] = [];
  const failures: unknown[] = [];
  try {
    for (let parts = opened?.parts; ; parts = undefined) {
      const range = missingRange(state, sent);
      if (!range) break;
      parts ??= partsOf(await source.read(range, state), state, (partNumber) => !sent.has(partNumber), buffers);
      for await (const part of parts) {
        if (failures.length > 0) throw failures[0];
        sent.add(part.partNumber);
        await noteChecksum(copy, part);
        inFlight.push(sendPart(copy, part, buffers).catch((error) => void failures.push(error)));
      }
    }
  } finally {
    await Promise.all(inFlight);
  }
  if (failures.length > 0) throw failures[0];
}

/** Before the part is sent: one that has arrived can then be kept without being read again. */
async function noteChecksum(copy: Copy, { partNumber, bytes }: PartBytes): Promise<void> {
  copy.state = withChecksum(copy.state, partNumber, crc32Of(bytes));
  await copy.job.remember(copy.state);
}

async function sendPart(copy: Copy, { partNumber, bytes }: PartBytes, buffers: Buffers): Promise<void> {
  try {
    copy.arrived.set(partNumber, await unlessEnded(copy.bucket.putPart(copy.upload, partNumber, bytes)));
  } finally {
    // Also when it failed: the reader may be waiting for this buffer before it can hear of the failure.
    buffers.giveBack(bytes);
  }
  await copy.job.heartbeat?.({ bytes: arrivedBytes(copy), ofBytes: copy.state.bytes });
}

async function publish(copy: Copy) {
  const { bucket, state, upload } = copy;
  if (copy.arrived.size !== partCount(state) || arrivedBytes(copy) !== state.bytes)
    throw new Error(`Of ${state.key}, ${arrivedBytes(copy)} of ${state.bytes} bytes have arrived.`);
  const parts = [...copy.arrived.values()].sort((a, b) => a.partNumber - b.partNumber);
  const checksum = wholeChecksum(state);
  if (checksum === undefined) throw new Error(`Of ${state.key}, not every part's checksum is known.`);
  const stored = await unlessEnded(bucket.publish(upload, parts, { ifAbsent: true }));
  if (stored.outcome === 'stored') return { outcome: 'copied' as const, head: stored.head, checksum };
  await bucket.abandon(upload);
  return endedBefore(copy);
}

/** An upload is gone after an attempt that published it and then crashed; else someone has cleaned it up. */
async function endedBefore({ bucket, state, job }: Copy) {
  const expected = { identity: job.identity, bytes: state.bytes, checksum: wholeChecksum(state) };
  const existing = await alreadyThere(bucket, state.key, expected);
  if (!existing) throw new StartOver(`The upload of ${state.key} is gone.`);
  return { outcome: 'already-there' as const, ...existing };
}

async function unlessEnded<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof Missing) throw new StartOver('The upload was ended by someone else.', { cause: error });
    throw error;
  }
}

const arrivedBytes = (copy: Copy): number => [...copy.arrived.values()].reduce((sum, { size }) => sum + size, 0);
