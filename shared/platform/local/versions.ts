import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { objectCreatedEvent } from '../events.ts';
import type { Clock, Json, ObjectHead, ObjectProperties, SignedLink, Stored } from '../ports.ts';
import type { Blobs } from './blobs.ts';
import type { Database } from './database.ts';
import { randomId } from './random-id.ts';

export interface Piece {
  readonly blob: string;
  readonly size: number;
}

/** What the parts of the local bucket share. */
export interface Storage {
  readonly database: Database;
  readonly blobs: Blobs;
  readonly clock: Clock;
  /** Called inside the transaction that makes an object visible. */
  announce(bucket: string, event: Json): void;
  link(bucket: string, key: string, options: { versionId?: string; expiresInSeconds: number }): SignedLink;
}

export interface NewVersion extends ObjectProperties {
  readonly bucket: string;
  readonly key: string;
  readonly etag: string;
  readonly pieces: readonly Piece[];
  readonly crc32c?: string;
  readonly reason: 'PutObject' | 'CompleteMultipartUpload';
}

/** To be called in a transaction: the version, its pieces and its event become visible together. */
export function addVersion(storage: Storage, version: NewVersion, ifAbsent = false): Stored {
  const { database } = storage;
  if (ifAbsent && findVersion(database, version.bucket, version.key)) return { outcome: 'exists' };
  const versionId = randomId();
  const size = version.pieces.reduce((sum, piece) => sum + piece.size, 0);
  const modifiedMs = storage.clock();
  const row = database.get<{ seq: number }>(
    `INSERT INTO versions (bucket, key, version_id, size, etag, content_type, metadata, modified_ms, tags,
       storage_class, crc32c)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING seq`,
    version.bucket,
    version.key,
    versionId,
    size,
    version.etag,
    version.contentType ?? null,
    JSON.stringify(version.metadata ?? {}),
    modifiedMs,
    JSON.stringify(version.tags ?? {}),
    version.storageClass ?? null,
    version.crc32c ?? null,
  );
  const seq = row?.seq ?? 0;
  version.pieces.forEach((piece, place) => {
    database.run('INSERT INTO pieces (seq, place, blob, size) VALUES (?, ?, ?, ?)', seq, place, piece.blob, piece.size);
  });
  const { bucket, key, etag, reason } = version;
  const sequencer = seq.toString(16).toUpperCase().padStart(16, '0');
  const time = new Date(modifiedMs).toISOString();
  storage.announce(bucket, objectCreatedEvent({ bucket, key, versionId, etag, size, sequencer, reason, time }));
  const found = findVersion(database, bucket, key, versionId);
  if (!found) throw new Error(`The row of ${bucket}/${key} was not found right after it was written.`);
  return { outcome: 'stored', head: found.head };
}

export interface Version {
  readonly seq: number;
  readonly head: ObjectHead;
  readonly tags: Readonly<Record<string, string>>;
}

export function findVersion(database: Database, bucket: string, key: string, versionId?: string): Version | undefined {
  const which = versionId === undefined ? '' : 'AND version_id = ?';
  const row = database.get<VersionRow>(
    `SELECT * FROM versions WHERE bucket = ? AND key = ? ${which} ORDER BY seq DESC LIMIT 1`,
    ...[bucket, key, ...(versionId === undefined ? [] : [versionId])],
  );
  return row && { seq: row.seq, head: headOf(row), tags: JSON.parse(row.tags ?? '{}') };
}

export const piecesOf = (database: Database, { seq }: Version): Piece[] =>
  database.all<Piece>('SELECT blob, size FROM pieces WHERE seq = ? ORDER BY place', seq);

/** The bytes from `first` to `last`, inclusive, of pieces that follow each other. */
export function readPieces(blobs: Blobs, pieces: readonly Piece[], first: number, last: number): Readable {
  const wanted: { path: string; start: number; end: number }[] = [];
  let offset = 0;
  for (const { blob, size } of pieces) {
    const start = Math.max(first - offset, 0);
    const end = Math.min(last - offset, size - 1);
    if (start <= end) wanted.push({ path: blobs.pathOf(blob), start, end });
    offset += size;
  }
  const [only, ...others] = wanted;
  if (only && others.length === 0) return readFile(only);
  return Readable.from(inTurn(wanted), { objectMode: false });
}

interface VersionRow {
  seq: number;
  key: string;
  version_id: string;
  size: number;
  etag: string;
  content_type: string | null;
  metadata: string;
  modified_ms: number;
  tags: string | null;
  storage_class: string | null;
  crc32c: string | null;
}

const headOf = (row: VersionRow): ObjectHead => ({
  key: row.key,
  size: row.size,
  etag: row.etag,
  versionId: row.version_id,
  ...(row.content_type !== null && { contentType: row.content_type }),
  metadata: JSON.parse(row.metadata),
  lastModified: new Date(row.modified_ms),
  ...classOf(row.storage_class),
  ...(row.crc32c !== null && { crc32c: row.crc32c }),
});

/** A class is kept as a fact and changes nothing: every byte here is at hand. */
export const classOf = (storageClass: string | null): { storageClass?: string } =>
  storageClass === null || storageClass === 'STANDARD' ? {} : { storageClass };

const readFile = ({ path, start, end }: { path: string; start: number; end: number }) =>
  createReadStream(path, { start, end, highWaterMark: 256 * 1024 });

async function* inTurn(wanted: readonly { path: string; start: number; end: number }[]): AsyncGenerator<Buffer> {
  for (const part of wanted) yield* readFile(part);
}
