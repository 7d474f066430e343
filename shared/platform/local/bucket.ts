import { InvalidInput, Missing } from '../../errors.ts';
import { checkFound } from '../checksums.ts';
import { checkObject } from '../metadata.ts';
import type { Bucket, ObjectHead, ObjectProperties } from '../ports.ts';
import type { Blob } from './blobs.ts';
import { listObjects } from './list-objects.ts';
import { openUploads } from './uploads.ts';
import { addVersion, findVersion, piecesOf, readPieces, type Storage, type Version } from './versions.ts';

export interface LocalBucket extends Bucket {
  /** Imports a file from disk, of any size, whole. */
  importFile(key: string, path: string, properties?: ObjectProperties): Promise<ObjectHead>;
  /** Where this version's bytes are, if they are one file. Only to be read or copied, never changed. */
  localPath(key: string, versionId?: string): Promise<string | undefined>;
  /** The tags an object was written with. */
  tags(key: string, versionId?: string): Promise<Readonly<Record<string, string>>>;
}

export function openBucket(storage: Storage, name: string): LocalBucket {
  const { database, blobs } = storage;
  const existing = (key: string, versionId?: string): Version => {
    const version = findVersion(database, name, key, versionId);
    if (!version)
      throw new Missing(`There is no object ${key} in ${name}${versionId ? ` with version ${versionId}` : ''}.`);
    return version;
  };
  const show = async (key: string, blob: Blob, properties: ObjectProperties, ifAbsent = false) => {
    const pieces = [{ blob: blob.blob, size: blob.size }];
    const version = {
      bucket: name,
      key,
      etag: blob.md5.toString('hex'),
      pieces,
      crc32c: blob.crc32c,
      ...pick(properties),
      reason: 'PutObject',
    } as const;
    const stored = database.transaction(() => addVersion(storage, version, ifAbsent));
    if (stored.outcome === 'exists') await blobs.remove([blob.blob]);
    return stored;
  };
  return {
    name,
    head: async (key, options) => findVersion(database, name, key, options?.versionId)?.head,
    read: async (key, options = {}) => {
      const version = existing(key, options.versionId);
      const { size } = version.head;
      const [first, last] = options.range ?? [0, size - 1];
      if (options.range && (first < 0 || first >= size || last < first))
        throw new InvalidInput(`Bytes ${first} to ${last} of ${key} in ${name} were asked for; it has ${size}.`);
      return { head: version.head, body: readPieces(blobs, piecesOf(database, version), first, last) };
    },
    put: async (key, body, properties = {}) => {
      checkObject(key, properties);
      if (properties.ifAbsent && findVersion(database, name, key)) return { outcome: 'exists' };
      const blob = await blobs.save(toBytes(body), (crc32c) => checkFound(key, crc32c, properties));
      return show(key, blob, properties, properties.ifAbsent);
    },
    link: async (key, options) => storage.link(name, key, options),
    list: async (options) => listObjects(database, name, options),
    // Nothing is ever archived here.
    restore: async (key, options) => void existing(key, options.versionId),
    ...openUploads(storage, name),
    importFile: async (key, path, properties = {}) => {
      checkObject(key, properties);
      const stored = await show(key, await blobs.copy(path), properties);
      if (stored.outcome === 'exists') throw new Error(`Nothing asked whether ${key} exists.`);
      return stored.head;
    },
    localPath: async (key, versionId) => {
      const [only, ...others] = piecesOf(database, existing(key, versionId));
      return only && others.length === 0 ? blobs.pathOf(only.blob) : undefined;
    },
    tags: async (key, versionId) => existing(key, versionId).tags,
  };
}

const pick = ({ contentType, metadata, tags, storageClass }: ObjectProperties): ObjectProperties => ({
  ...{ contentType, metadata, tags, storageClass },
});

const toBytes = (body: Uint8Array | string): Uint8Array => (typeof body === 'string' ? Buffer.from(body) : body);
