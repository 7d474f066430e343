import type { openLink } from '../platform/links.ts';
import type { Bucket, Clock, ObjectProperties } from '../platform/ports.ts';
import type { Container, TransferKind } from './check-content.ts';
import type { Progress, Watch } from './deadline.ts';
import type { Existing, Identity } from './existing-object.ts';
import type { PartMemory } from './part-memory.ts';
import type { RememberedTransfer } from './resume-state.ts';
import type { Pin, Source } from './source.ts';

export interface TransferDeps {
  readonly bucket: Bucket;
  readonly clock: Clock;
  /** `host` or `host:port` of links that may be plain HTTP in a private network. */
  readonly trustedHosts: readonly string[];
  /** How a link is opened; default: over the network. */
  readonly openLink?: typeof openLink;
  /** For parts being filled and sent; shared by all copies of a process, where one is given. */
  readonly memory?: PartMemory;
  /** The most that read at once; default 12. */
  readonly connections?: number;
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
  /** What it must be; default a video. */
  readonly kind?: TransferKind;
  readonly storageClass?: string;
  /** Whether an object of someone else is written over. */
  readonly overwrite?: boolean;
  /** What `remember` was last given, in an attempt before this one. */
  readonly remembered?: RememberedTransfer;
  /** Keeps what a later attempt needs, before the first part is sent. Holds no link. */
  readonly remember: (state: RememberedTransfer) => Promise<void>;
  /** A sign of life each 10 seconds, as long as anything arrives. */
  readonly heartbeat?: (progress: Progress) => Promise<void> | void;
  /** Epoch milliseconds after which no part is begun: what is missing then is handed over. */
  readonly deadlineMs?: number;
  /** Epoch milliseconds at which requests in flight are stopped too, because the worker's time ends. */
  readonly endMs?: number;
  readonly signal?: AbortSignal;
}

export interface Transferred {
  readonly outcome: 'copied' | 'already-there';
  readonly key: string;
  readonly versionId: string;
  readonly bytes: number;
  /** Eight hexadecimal digits over the whole object. Earlier versions wrote `crc32`. */
  readonly checksum: { readonly algorithm: 'crc32' | 'crc32c'; readonly value: string };
  /** Whether the source told a checksum of its own, which is the same. */
  readonly comparedWithSource: boolean;
  readonly contentType: string;
  readonly extension: string;
}

/** The slice is over: so many bytes have arrived, the others are for the next one. */
export interface HandedOver extends Progress {
  readonly outcome: 'handed-over';
}

/** One call of `transfer`, with what all of its attempts share. */
export interface Copy {
  readonly deps: TransferDeps;
  readonly job: TransferJob;
  readonly source: Source;
  readonly watch: Watch;
  readonly memory: PartMemory;
  readonly connections: number;
  /** What was read of this source before was wrong: a second time is for good. */
  readonly wrongBefore?: true;
}

export function propertiesOf(job: TransferJob, { contentType, extension }: Container): ObjectProperties {
  const { metadata, tags } = job.propertiesFor?.(extension) ?? {};
  const { storageClass } = job;
  return {
    contentType,
    metadata: { ...metadata, ...job.identity },
    ...(tags && { tags }),
    ...(storageClass !== undefined && { storageClass }),
  };
}

export const transferred = (
  outcome: Transferred['outcome'],
  { head, checksum }: Existing,
  { contentType, extension }: Container,
  { sourceCrc32c }: Pick<Pin, 'sourceCrc32c'>,
): Transferred => ({
  outcome,
  key: head.key,
  versionId: head.versionId,
  bytes: head.size,
  checksum: { algorithm: 'crc32c', value: checksum },
  // An earlier attempt may have published an older version of the source.
  comparedWithSource: sourceCrc32c === checksum,
  contentType,
  extension,
});
