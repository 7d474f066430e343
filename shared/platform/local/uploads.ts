import { createHash } from 'node:crypto';
import { InvalidInput, Missing } from '../../errors.ts';
import { checkFound } from '../checksums.ts';
import { crc32cOf, joinCrc32c } from '../crc32c.ts';
import { checkObject, checkPartNumber } from '../metadata.ts';
import type { Bucket, Checked, Part, Stored, Upload } from '../ports.ts';
import type { Database } from './database.ts';
import { listUploads } from './list-uploads.ts';
import { randomId } from './random-id.ts';
import { addVersion, type Storage } from './versions.ts';

const minPartBytes = 5 * 1024 * 1024;

/**
 * The multipart half of a bucket. A part stays the file it arrived in: publishing moves no bytes, it is one
 * transaction that turns the parts' rows into a version's.
 */
export function openUploads(
  storage: Storage,
  bucket: string,
): Pick<Bucket, 'startUpload' | 'putPart' | 'listParts' | 'publish' | 'abandon' | 'listUploads'> {
  const { database, blobs } = storage;
  return {
    startUpload: async (key, properties = {}) => {
      checkObject(key, properties);
      const uploadId = randomId();
      database.run(
        `INSERT INTO uploads (upload_id, bucket, key, content_type, storage_class, metadata, started_ms, tags)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
        ...[uploadId, bucket, key, properties.contentType ?? null, properties.storageClass ?? null],
        ...[JSON.stringify(properties.metadata ?? {}), storage.clock(), JSON.stringify(properties.tags ?? {})],
      );
      return { key, uploadId };
    },
    putPart: async (upload, partNumber, body, checked) => {
      checkPartNumber(partNumber);
      findUpload(database, bucket, upload);
      const { blob, size, md5, crc32c } = await blobs.save(body, (found) => checkFound(upload.key, found, checked));
      const part = { partNumber, size, etag: md5.toString('hex'), crc32c };
      const unused = database.transaction(() => keepPart(database, bucket, upload, part, blob));
      await blobs.remove(unused);
      if (unused.includes(blob)) findUpload(database, bucket, upload);
      return part;
    },
    listParts: async (upload) => {
      findUpload(database, bucket, upload);
      return partRows(database, upload).map(({ blob, crc32c, ...part }) => ({
        ...part,
        ...(crc32c !== null && { crc32c }),
      }));
    },
    publish: async (upload, parts, options) => {
      const { stored, unused } = database.transaction(() => publish(storage, bucket, upload, parts, options));
      await blobs.remove(unused);
      return stored;
    },
    abandon: async (upload) => {
      const unused = database.transaction(() => forgetUpload(database, bucket, upload));
      await blobs.remove(unused);
    },
    listUploads: async (options) => listUploads(database, bucket, options),
  };
}

/** Forgets the upload; returns the blobs that nothing points at any more. */
export function forgetUpload(database: Database, bucket: string, { uploadId }: Upload): string[] {
  if (database.run('DELETE FROM uploads WHERE upload_id = ? AND bucket = ?', uploadId, bucket) === 0) return [];
  const sql = 'DELETE FROM parts WHERE upload_id = ? RETURNING blob';
  return database.all<{ blob: string }>(sql, uploadId).map(({ blob }) => blob);
}

function findUpload(database: Database, bucket: string, { key, uploadId }: Upload) {
  const row = database.get<UploadRow>(
    'SELECT content_type, storage_class, metadata, tags FROM uploads WHERE upload_id = ? AND bucket = ? AND key = ?',
    ...[uploadId, bucket, key],
  );
  if (!row)
    throw new Missing(
      `There is no unfinished upload of ${key} in ${bucket}: it was published, abandoned or never started.`,
    );
  const read = (json: string): Record<string, string> => JSON.parse(json);
  return {
    contentType: row.content_type ?? undefined,
    storageClass: row.storage_class ?? undefined,
    metadata: read(row.metadata),
    tags: read(row.tags ?? '{}'),
  };
}

interface UploadRow {
  content_type: string | null;
  storage_class: string | null;
  metadata: string;
  tags: string | null;
}

/** Returns the blobs to delete: the part's former one, or the new one when the upload has ended meanwhile. */
function keepPart(database: Database, bucket: string, upload: Upload, part: Part, blob: string): string[] {
  const open = database.get('SELECT 1 FROM uploads WHERE upload_id = ? AND bucket = ?', upload.uploadId, bucket);
  if (!open) return [blob];
  const former = database.all<{ blob: string }>(
    'DELETE FROM parts WHERE upload_id = ? AND part_number = ? RETURNING blob',
    ...[upload.uploadId, part.partNumber],
  );
  database.run(
    'INSERT INTO parts (upload_id, part_number, blob, size, etag, crc32c) VALUES (?, ?, ?, ?, ?, ?)',
    ...[upload.uploadId, part.partNumber, blob, part.size, part.etag, part.crc32c ?? null],
  );
  return former.map((row) => row.blob);
}

/** A part that arrived before checksums were kept has none. */
type PartRow = Omit<Part, 'crc32c'> & { blob: string; crc32c: string | null };

const partRows = (database: Database, { uploadId }: Upload): PartRow[] =>
  database.all<PartRow>(
    'SELECT part_number AS partNumber, size, etag, blob, crc32c FROM parts WHERE upload_id = ? ORDER BY part_number',
    uploadId,
  );

function publish(
  storage: Storage,
  bucket: string,
  upload: Upload,
  parts: readonly Part[],
  options: Checked & { ifAbsent?: boolean } = {},
): { stored: Stored; unused: string[] } {
  const { database } = storage;
  const properties = findUpload(database, bucket, upload);
  const chosen = chooseParts(upload, partRows(database, upload), parts);
  const md5OfMd5s = createHash('md5').update(Buffer.from(chosen.map((part) => part.etag).join(''), 'hex'));
  const etag = `${md5OfMd5s.digest('hex')}-${chosen.length}`;
  const crc32c = crc32cOfParts(chosen);
  if (crc32c !== undefined) checkFound(upload.key, crc32c, options);
  const version = {
    bucket,
    key: upload.key,
    etag,
    pieces: chosen,
    crc32c,
    ...properties,
    reason: 'CompleteMultipartUpload',
  } as const;
  const stored = addVersion(storage, version, options.ifAbsent);
  // As in S3, a refused publish leaves the upload as it was.
  if (stored.outcome === 'exists') return { stored, unused: [] };
  const used = new Set(chosen.map((part) => part.blob));
  return { stored, unused: forgetUpload(database, bucket, upload).filter((blob) => !used.has(blob)) };
}

function crc32cOfParts(parts: readonly PartRow[]): string | undefined {
  let whole = crc32cOf(Buffer.alloc(0));
  for (const { crc32c, size } of parts) {
    if (crc32c === null) return undefined;
    whole = joinCrc32c(whole, crc32c, size);
  }
  return whole;
}

function chooseParts(upload: Upload, rows: readonly PartRow[], parts: readonly Part[]): PartRow[] {
  if (parts.length === 0) throw new InvalidInput(`An upload of ${upload.key} cannot be published without parts.`);
  const known = new Map(rows.map((row) => [row.partNumber, row]));
  return parts.map((part, index) => {
    const row = known.get(part.partNumber);
    if (!row || row.etag !== part.etag)
      throw new InvalidInput(
        `Part ${part.partNumber} of ${upload.key} has not arrived with the checksum ${part.etag}.`,
      );
    const previous = parts[index - 1];
    if (previous && previous.partNumber >= part.partNumber)
      throw new InvalidInput(`The parts of ${upload.key} must be published in order of part number.`);
    if (row.size < minPartBytes && index < parts.length - 1)
      throw new InvalidInput(
        `Part ${part.partNumber} of ${upload.key} has ${row.size} bytes; all but the last need 5 MiB.`,
      );
    return row;
  });
}
