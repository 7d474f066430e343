import { Rejected } from '../errors.ts';
import type { openLink } from '../platform/links.ts';
import type { Bucket, ObjectProperties } from '../platform/ports.ts';
import { crc32Of } from './transfer-checksum.ts';
import { type Container, containerOf } from './transfer-container.ts';
import { alreadyThere, type Existing, type Identity } from './transfer-existing.ts';
import { type PartBytes, partBuffers, partBytesFor, partsOf } from './transfer-parts.ts';
import { type Source, StartOver, sourceOf } from './transfer-source.ts';
import type { RememberedTransfer } from './transfer-state.ts';
import { sendParts } from './transfer-upload.ts';

export { KeyTaken } from './transfer-existing.ts';
export type { RememberedTransfer } from './transfer-state.ts';

export interface TransferDeps {
  readonly bucket: Bucket;
  /** `host` or `host:port` of links that may be plain HTTP in a private network. */
  readonly trustedHosts: readonly string[];
  /** How a link is opened; default: over the network. */
  readonly openLink?: typeof openLink;
  /** For parts being filled and sent. */
  readonly maxMemoryBytes?: number;
  readonly headersTimeoutMs?: number;
  readonly bodyTimeoutMs?: number;
}

export interface TransferJob {
  /** Asks the run for a fresh link; called again when one has gone stale. */
  readonly openLinkNow: () => Promise<string>;
  /** The object's key, given the extension of what the file really is ("mp4", "mov", …; no dot). */
  readonly keyFor: (extension: string) => string;
  /** What tells this object from any other; the same on every attempt, so no times. */
  readonly identity: Identity;
  /** What else is written on it, given the same extension. */
  readonly propertiesFor?: (extension: string) => Pick<ObjectProperties, 'metadata' | 'tags'>;
  /** What `remember` was last given, in an attempt before this one. */
  readonly remembered?: RememberedTransfer;
  /** Keeps what a later attempt needs, before each part is sent. Holds no link. */
  readonly remember: (state: RememberedTransfer) => Promise<void>;
  /** After each part has arrived. */
  readonly heartbeat?: (progress: { readonly bytes: number; readonly ofBytes: number }) => Promise<void> | void;
  readonly signal?: AbortSignal;
}

export interface Transferred {
  readonly outcome: 'copied' | 'already-there';
  readonly key: string;
  readonly versionId: string;
  readonly bytes: number;
  /** Eight hexadecimal digits over the whole object. */
  readonly checksum: { readonly algorithm: 'crc32'; readonly value: string };
  readonly contentType: string;
  readonly extension: string;
}

const smallBytes = 8 * 1024 * 1024;
const defaultMemoryBytes = 96 * 1024 * 1024;

/**
 * Copies the file behind a signed link into a bucket, whole or not at all: in parts of bounded memory, resumed
 * after a crash from the parts that have arrived, published once under a key that nothing else has.
 */
export async function transfer(deps: TransferDeps, job: TransferJob): Promise<Transferred> {
  const source = sourceOf({ ...deps, openLinkNow: job.openLinkNow, signal: job.signal });
  try {
    return await (job.remembered ? resume(deps, job, source, job.remembered) : begin(deps, job, source));
  } catch (error) {
    // The source changed, or someone else ended the upload. Once more from the start; then the queue may try again.
    if (error instanceof StartOver) return begin(deps, job, source);
    throw error;
  }
}

/** Frees the parts of a copy that is given up for good. */
export const abandonTransfer = (bucket: Bucket, { key, uploadId }: RememberedTransfer): Promise<void> =>
  bucket.abandon({ key, uploadId });

async function begin(deps: TransferDeps, job: TransferJob, source: Source): Promise<Transferred> {
  const stretch = await source.read([0]);
  const layout = { bytes: stretch.bytes, partBytes: partBytesFor(stretch.bytes) };
  const buffers = partBuffers(layout, deps.maxMemoryBytes ?? defaultMemoryBytes);
  const parts = partsOf(stretch, layout, () => true, buffers);
  try {
    const { value: first } = await parts.next();
    if (!first) throw new Error('The source ended before its first part.');
    const container = containerOf(first.bytes) ?? notMedia(first.bytes);
    const key = job.keyFor(container.extension);
    if (layout.bytes < smallBytes) return await putWhole(deps, job, key, container, first, parts);
    const existing = await alreadyThere(deps.bucket, key, { identity: job.identity, bytes: layout.bytes });
    if (existing) return transferred('already-there', existing, container);
    const properties = propertiesOf(job, container);
    const { uploadId } = await deps.bucket.startUpload(key, properties);
    const state = { key, uploadId, ...layout, ...container, etag: stretch.etag, checksums: '' };
    const sent = await sendParts(deps, job, source, state, { buffers, parts: withFirst(first, parts) });
    return transferred(sent.outcome, sent, container);
  } finally {
    await parts.return(undefined);
    stretch.discard();
  }
}

async function resume(
  deps: TransferDeps,
  job: TransferJob,
  source: Source,
  state: RememberedTransfer,
): Promise<Transferred> {
  const sent = await sendParts(deps, job, source, state);
  return transferred(sent.outcome, sent, state);
}

async function putWhole(
  deps: TransferDeps,
  job: TransferJob,
  key: string,
  container: Container,
  { bytes }: PartBytes,
  rest: AsyncGenerator<PartBytes, undefined>,
): Promise<Transferred> {
  // Ends only when exactly the announced bytes have come.
  await rest.next();
  const checksum = crc32Of(bytes);
  const properties = propertiesOf(job, container, { crc32: checksum });
  const stored = await deps.bucket.put(key, bytes, { ...properties, ifAbsent: true });
  if (stored.outcome === 'stored') return transferred('copied', { head: stored.head, checksum }, container);
  const expected = { identity: job.identity, bytes: bytes.byteLength, checksum };
  const existing = await alreadyThere(deps.bucket, key, expected);
  if (!existing) throw new Error(`${key} in ${deps.bucket.name} was there a moment ago and is gone.`);
  return transferred('already-there', existing, container);
}

function propertiesOf(job: TransferJob, { contentType, extension }: Container, more: Identity = {}): ObjectProperties {
  const { metadata, tags } = job.propertiesFor?.(extension) ?? {};
  return { contentType, metadata: { ...metadata, ...job.identity, ...more }, ...(tags === undefined ? {} : { tags }) };
}

const transferred = (
  outcome: Transferred['outcome'],
  { head, checksum }: Existing,
  { contentType, extension }: Container,
): Transferred => ({
  outcome,
  key: head.key,
  versionId: head.versionId,
  bytes: head.size,
  checksum: { algorithm: 'crc32', value: checksum },
  contentType,
  extension,
});

async function* withFirst(first: PartBytes, rest: AsyncIterable<PartBytes>): AsyncGenerator<PartBytes> {
  yield first;
  yield* rest;
}

/** Text is an error page, which may be gone on the next try; anything else stays what it is. */
function notMedia(head: Uint8Array): never {
  const isText = /^[\t\n\r\x20-\x7e]*$/.test(Buffer.from(head.subarray(0, 64)).toString('latin1'));
  if (isText) throw new Error('The link answered with text, not with a media file.');
  throw new Rejected('The output is of no media format that is known, so it was not delivered.');
}
