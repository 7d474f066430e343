import { createHash } from 'node:crypto';
import { InvalidInput, Missing } from '../../errors.ts';
import { checkObject, checkPartNumber } from '../metadata.ts';
import type { Bucket, Part, Stored, Upload } from '../ports.ts';
import type { Database } from './database.ts';
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
): Pick<Bucket, 'startUpload' | 'putPart' | 'listParts' | 'publish' | 'abandon'> {
  const { database, blobs } = storage;
  return {
    startUpload: async (key, properties = {}) => {
      checkObject(key, properties);
      const uploadId = randomId();
      database.run(
        'INSERT INTO uploads (upload_id, bucket, key, content_type, metadata, started_ms, tags) VALUES (?, ?, ?, ?, ?, ?, ?)',
        ...[uploadId, bucket, key, properties.contentType ?? null],
        ...[JSON.stringify(properties.metadata ?? {}), storage.clock(), JSON.stringify(properties.tags ?? {})],
      );
      return { key, uploadId };
    },
    putPart: async (upload, partNumber, body) => {
      checkPartNumber(partNumber);
      findUpload(database, bucket, upload);
      const { blob, size, md5 } = await blobs.save(body);
      const part = { partNumber, size, etag: md5.toString('hex') };
      const unused = database.transaction(() => keepPart(database, bucket, upload, part, blob));
      await blobs.remove(unused);
      if (unused.includes(blob)) findUpload(database, bucket, upload);
      return part;
    },
    listParts: async (upload) => {
      findUpload(database, bucket, upload);
      return partRows(database, upload).map(({ partNumber, size, etag }) => ({ partNumber, size, etag }));
    },
    publish: async (upload, parts, options) => {
      const { stored, unused } = database.transaction(() => publish(storage, bucket, upload, parts, options?.ifAbsent));
      await blobs.remove(unused);
      return stored;
    },
    abandon: async (upload) => {
      const unused = database.transaction(() => forgetUpload(database, bucket, upload));
      await blobs.remove(unused);
    },
  };
}

/** Forgets the upload; returns the blobs that nothing points at any more. */
export function forgetUpload(database: Database, bucket: string, { uploadId }: Upload): string[] {
  if (database.run('DELETE FROM uploads WHERE upload_id = ? AND bucket = ?', uploadId, bucket) === 0) return [];
  const sql = 'DELETE FROM parts WHERE upload_id = ? RETURNING blob';
  return database.all<{ blob: string }>(sql, uploadId).map(({ blob }) => blob);
}

function findUpload(database: Database, bucket: string, { key, uploadId }: Upload) {
  const row = database.get<{ content_type: string | null; metadata: string; tags: string | null }>(
    'SELECT content_type, metadata, tags FROM uploads WHERE upload_id = ? AND bucket = ? AND key = ?',
    ...[uploadId, bucket, key],
  );
  if (!row)
    throw new Missing(
      `There is no unfinished upload of ${key} in ${bucket}: it was published, abandoned or never started.`,
    );
  const read = (json: string): Record<string, string> => JSON.parse(json);
  return {
    contentType: row.content_type ?? undefined,
    metadata: read(row.metadata),
    tags: read(row.tags ?? '{}'),
  };
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
    'INSERT INTO parts (upload_id, part_number, blob, size, etag) VALUES (?, ?, ?, ?, ?)',
    ...[upload.uploadId, part.partNumber, blob, part.size, part.etag],
  );
  return former.map((row) => row.blob);
}

type PartRow = Part & { blob: string };

const partRows = (database: Database, { uploadId }: Upload): PartRow[] =>
  database.all<PartRow>(
    'SELECT part_number AS partNumber, size, etag, blob FROM parts WHERE upload_id = ? ORDER BY part_number',
    uploadId,
  );

function publish(
  storage: Storage,
  bucket: string,
  upload: Upload,
  parts: readonly Part[],
  ifAbsent?: boolean,
): { stored: Stored; unused: string[] } {
  const { database } = storage;
  const properties = findUpload(database, bucket, upload);
  const chosen = chooseParts(upload, partRows(database, upload), parts);
  const md5OfMd5s = createHash('md5').update(Buffer.from(chosen.map((part) => part.etag).join(''), 'hex'));
  const etag = `${md5OfMd5s.digest('hex')}-${chosen.length}`;
  const version = {
    bucket,
    key: upload.key,
    etag,
    pieces: chosen,
    ...properties,
    reason: 'CompleteMultipartUpload',
  } as const;
  const stored = addVersion(storage, version, ifAbsent);
  // As in S3, a refused publish leaves the upload as it was.
  if (stored.outcome === 'exists') return { stored, unused: [] };
  const used = new Set(chosen.map((part) => part.blob));
  return { stored, unused: forgetUpload(database, bucket, upload).filter((blob) => !used.has(blob)) };
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
