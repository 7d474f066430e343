import { afterPrefix } from '../key-range.ts';
import type { Bucket, ListedObject } from '../ports.ts';
import type { Database, Value } from './database.ts';
import { classOf } from './versions.ts';

const maxPageObjects = 1000;

/** SQLite compares text as its UTF-8 bytes, which is the order that S3 lists in. */
export function listObjects(
  database: Database,
  bucket: string,
  { prefix = '', after = '', limit = maxPageObjects }: Parameters<Bucket['list']>[0] = {},
): Awaited<ReturnType<Bucket['list']>> {
  const pageObjects = Math.max(1, Math.min(limit, maxPageObjects));
  const bounds: Value[] = [bucket, after, prefix, afterPrefix(prefix)];
  // With max(seq), the other columns are those of the row that has it: the newest version.
  const rows = database.all<Row>(
    `SELECT key, size, etag, modified_ms, storage_class, max(seq) FROM versions
     WHERE bucket = ? AND key > ? AND key >= ? AND key <= ? GROUP BY key ORDER BY key LIMIT ?`,
    ...[...bounds, pageObjects + 1],
  );
  const objects = rows.slice(0, pageObjects).map(listed);
  const last = objects.at(-1);
  return { objects, ...(rows.length > objects.length && last && { next: last.key }) };
}

interface Row {
  key: string;
  size: number;
  etag: string;
  modified_ms: number;
  storage_class: string | null;
}

const listed = ({ key, size, etag, modified_ms, storage_class }: Row): ListedObject => ({
  key,
  size,
  etag,
  lastModified: new Date(modified_ms),
  ...classOf(storage_class),
});
