import { createHash } from 'node:crypto';
import { InvalidInput, Missing } from '../../../shared/errors.ts';
import { checkFound } from '../../../shared/platform/checksums.ts';
import { crc32cOf } from '../../../shared/platform/crc32c.ts';
import { checkObject } from '../../../shared/platform/metadata.ts';
import type {
  Bucket,
  Checked,
  Clock,
  ObjectHead,
  ObjectProperties,
  SignedLink,
  Stored,
} from '../../../shared/platform/ports.ts';
import { compareBytes } from './order.ts';
import { memoryUploads } from './uploads.ts';

export interface BucketOptions {
  readonly clock: Clock;
  readonly newId: () => string;
  /** Where its links lead. */
  readonly linkBase?: () => string;
  /** A part of every signature, so that whoever looks for leaked links finds them. */
  readonly linkMark?: string;
  /** Told of every object that became visible, newest version last. */
  readonly stored?: (version: Version) => void;
  /** Told of what is begun in parts. */
  readonly uploading?: (key: string, properties: ObjectProperties) => void;
  /** Whether it tells the CRC32C of what it has: not every store that speaks S3 does. */
  readonly tellsChecksums?: boolean;
  /** The least that a part has that is not the last. */
  readonly minPartBytes?: number;
  /** Told of an archived version that is now on its way back. */
  readonly restoring?: (head: ObjectHead) => void;
}

export interface Version {
  readonly head: ObjectHead;
  readonly bytes: Uint8Array;
  readonly tags: Readonly<Record<string, string>>;
}

type ReadOptions = Parameters<Bucket['read']>[1];
type LinkOptions = Parameters<Bucket['link']>[1];
type PutOptions = ObjectProperties & Checked & { ifAbsent?: boolean };

/** A versioned bucket in memory whose every operation is done at once; `asBucket` gives it the port's shape. */
export function memoryBucket(name: string, options: BucketOptions) {
  const {
    clock,
    newId,
    linkBase = () => `https://${name}.example`,
    linkMark = '',
    stored = () => {},
    restoring = () => {},
    uploading = () => {},
    minPartBytes = 5 * 1024 * 1024,
    tellsChecksums = true,
  } = options;
  const versions = new Map<string, Version[]>();
  const archived = new Map<string, 'archived' | 'restoring'>();
  const withArchive = ({ head, ...rest }: Version): Version => {
    const archive = archived.get(head.versionId);
    return { ...rest, head: archive === undefined ? head : { ...head, storageClass: 'GLACIER', archive } };
  };

  const find = (key: string, versionId?: string): Version | undefined => {
    const all = versions.get(key);
    const found = versionId === undefined ? all?.at(-1) : all?.find(({ head }) => head.versionId === versionId);
    return found && withArchive(found);
  };
  const existing = (key: string, versionId?: string): Version => {
    const version = find(key, versionId);
    if (version === undefined) throw new Missing(`There is no object ${key} in ${name}.`);
    return version;
  };

  function show(key: string, bytes: Uint8Array, etag: string, { ifAbsent, ...properties }: PutOptions): Stored {
    const crc32c = crc32cOf(bytes);
    checkFound(key, crc32c, properties);
    if (ifAbsent && find(key) !== undefined) return { outcome: 'exists' };
    const { contentType, metadata = {}, tags = {}, storageClass = 'STANDARD' } = properties;
    const head: ObjectHead = {
      ...{ key, size: bytes.byteLength, etag, versionId: newId(), metadata, lastModified: new Date(clock()) },
      ...(tellsChecksums && { crc32c }),
      ...(contentType !== undefined && { contentType }),
      ...(storageClass !== 'STANDARD' && { storageClass }),
    };
    const version: Version = { head, bytes, tags };
    versions.set(key, [...(versions.get(key) ?? []), version]);
    stored(version);
    return { outcome: 'stored', head };
  }

  const sign = (target: string) => `${linkMark}${createHash('sha256').update(`${linkMark}${target}`).digest('hex')}`;

  return {
    name,
    find,
    head: (key: string, { versionId }: { versionId?: string } = {}) => find(key, versionId)?.head,
    read(key: string, { versionId, range }: ReadOptions = {}) {
      const { head, bytes } = existing(key, versionId);
      const [first, last] = range ?? [0, head.size - 1];
      if (range && (first < 0 || first >= head.size || last < first))
        throw new InvalidInput(`Bytes ${first} to ${last} of ${key} in ${name} were asked for; it has ${head.size}.`);
      if (head.archive !== undefined) throw new Error(`${key} in ${name} is archived and cannot be read.`);
      return { head, body: inOnePiece(bytes.subarray(first, last + 1)) };
    },
    put(key: string, body: Uint8Array | string, properties: PutOptions = {}): Stored {
      checkObject(key, properties);
      const bytes = Buffer.from(body as Uint8Array);
      return show(key, bytes, createHash('md5').update(bytes).digest('hex'), properties);
    },
    link(key: string, { versionId, expiresInSeconds }: LinkOptions): SignedLink {
      const expires = Math.floor(clock() / 1000) + expiresInSeconds;
      const query = new URLSearchParams({ key, expires: String(expires) });
      if (versionId !== undefined) query.set('versionId', versionId);
      const target = query.toString();
      const path = encodeURIComponent(key);
      const url = `${linkBase()}/${path}?${target}&signature=${sign(`${path}?${target}`)}`;
      return { url, expiresAt: new Date(expires * 1000) };
    },
    /** What a link shows now: the version, or the status that HTTP would answer with. */
    open(link: string): Version | 403 | 404 {
      const url = new URL(link);
      const { key = '', expires = '', versionId, signature = '' } = Object.fromEntries(url.searchParams);
      const target = new URLSearchParams(url.searchParams);
      target.delete('signature');
      const path = url.pathname.slice(url.pathname.lastIndexOf('/') + 1);
      const isOurs = signature === sign(`${path}?${target}`) && path === encodeURIComponent(key);
      if (!isOurs || Number(expires) * 1000 <= clock()) return 403;
      return find(key, versionId) ?? 404;
    },
    list({ prefix = '', after = '', limit = 1000 }: Parameters<Bucket['list']>[0] = {}) {
      const keys = [...versions.keys()].filter((key) => key.startsWith(prefix) && compareBytes(key, after) > 0);
      const page = keys.sort(compareBytes).slice(0, Math.min(1000, Math.max(1, limit)));
      const objects = page.map((key) => {
        const { size, etag, lastModified, storageClass } = existing(key).head;
        return { key, size, etag, lastModified, ...(storageClass !== undefined && { storageClass }) };
      });
      return { objects, ...(page.length < keys.length && { next: page.at(-1) }) };
    },
    restore(key: string, { versionId }: Parameters<Bucket['restore']>[1]): void {
      const { head } = existing(key, versionId);
      if (head.archive !== 'archived') return;
      archived.set(head.versionId, 'restoring');
      restoring(head);
    },
    /** What only the world outside does. */
    archive: (versionId: string) => archived.set(versionId, 'archived'),
    thaw: (versionId: string) => archived.delete(versionId),
    delete: (key: string) => versions.delete(key),
    all: () => [...versions.values()].flat(),
    ...memoryUploads(name, { newId, clock, show, uploading, minPartBytes, tellsChecksums }),
  };
}

export type MemoryBucket = ReturnType<typeof memoryBucket>;

export const asBucket = (memory: MemoryBucket): Bucket => ({
  name: memory.name,
  head: async (key, options) => memory.head(key, options),
  read: async (key, options) => memory.read(key, options),
  put: async (key, body, properties) => memory.put(key, body, properties),
  link: async (key, options) => memory.link(key, options),
  list: async (options) => memory.list(options),
  restore: async (key, options) => memory.restore(key, options),
  startUpload: async (key, properties) => memory.startUpload(key, properties),
  putPart: async (upload, partNumber, body, checked) => memory.putPart(upload, partNumber, body, checked),
  listParts: async (upload) => memory.listParts(upload),
  publish: async (upload, parts, options) => memory.publish(upload, parts, options),
  abandon: async (upload) => memory.abandon(upload),
  listUploads: async (options) => memory.listUploads(options),
});

async function* inOnePiece(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  if (bytes.byteLength > 0) yield bytes;
}
