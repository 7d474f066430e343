import { afterPrefix } from '../key-range.ts';
import type { Bucket } from '../ports.ts';
import type { Database } from './database.ts';

const maxPageUploads = 1000;

export function listUploads(
  database: Database,
  bucket: string,
  { prefix = '', after, limit = maxPageUploads }: Parameters<Bucket['listUploads']>[0] = {},
): Awaited<ReturnType<Bucket['listUploads']>> {
  const pageUploads = Math.max(1, Math.min(limit, maxPageUploads));
  const rows = database.all<{ key: string; uploadId: string; started_ms: number }>(
    `SELECT key, upload_id AS uploadId, started_ms FROM uploads
     WHERE bucket = ? AND key >= ? AND key <= ? AND (key, upload_id) > (?, ?) ORDER BY key, upload_id LIMIT ?`,
    ...[bucket, prefix, afterPrefix(prefix), after?.key ?? '', after?.uploadId ?? '', pageUploads + 1],
  );
  const uploads = rows.slice(0, pageUploads).map(({ key, uploadId, started_ms }) => ({
    ...{ key, uploadId, startedAt: new Date(started_ms) },
  }));
  const last = uploads.at(-1);
  return {
    uploads,
    ...(rows.length > uploads.length && last && { next: { key: last.key, uploadId: last.uploadId } }),
  };
}
