/** Object keys and message bodies are values in rows, never file names, so every key works on every file system. */
export const schema = `
CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS items (
  store TEXT NOT NULL, pk TEXT NOT NULL, sk TEXT NOT NULL, ipk TEXT, isk TEXT, expires_at INTEGER, json TEXT NOT NULL,
  PRIMARY KEY (store, pk, sk)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS items_index ON items (store, ipk, isk, pk, sk) WHERE ipk IS NOT NULL AND isk IS NOT NULL;
CREATE INDEX IF NOT EXISTS items_expiry ON items (expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE IF NOT EXISTS versions (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, bucket TEXT NOT NULL, key TEXT NOT NULL, version_id TEXT NOT NULL UNIQUE,
  size INTEGER NOT NULL, etag TEXT NOT NULL, content_type TEXT, metadata TEXT NOT NULL, modified_ms INTEGER NOT NULL,
  tags TEXT, storage_class TEXT, crc32c TEXT
) STRICT;
CREATE INDEX IF NOT EXISTS versions_key ON versions (bucket, key, seq);

CREATE TABLE IF NOT EXISTS pieces (
  seq INTEGER NOT NULL, place INTEGER NOT NULL, blob TEXT NOT NULL, size INTEGER NOT NULL,
  PRIMARY KEY (seq, place)
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS uploads (
  upload_id TEXT PRIMARY KEY, bucket TEXT NOT NULL, key TEXT NOT NULL,
  content_type TEXT, metadata TEXT NOT NULL, started_ms INTEGER NOT NULL, tags TEXT,
  storage_class TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS parts (
  upload_id TEXT NOT NULL, part_number INTEGER NOT NULL, blob TEXT NOT NULL, size INTEGER NOT NULL, etag TEXT NOT NULL,
  crc32c TEXT, PRIMARY KEY (upload_id, part_number)
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS messages (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, queue TEXT NOT NULL, message_id TEXT NOT NULL, body TEXT NOT NULL,
  visible_ms INTEGER NOT NULL, receives INTEGER NOT NULL DEFAULT 0, receipt TEXT, sent_ms INTEGER
) STRICT;
CREATE INDEX IF NOT EXISTS messages_visible ON messages (queue, visible_ms);
CREATE INDEX IF NOT EXISTS messages_receipt ON messages (receipt) WHERE receipt IS NOT NULL;

CREATE TABLE IF NOT EXISTS events (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, type TEXT NOT NULL, time TEXT NOT NULL, detail TEXT NOT NULL
) STRICT;
`;

/** Columns that a folder of an earlier version lacks. */
export const laterColumns = [
  ['versions', 'tags', 'TEXT'],
  ['uploads', 'tags', 'TEXT'],
  ['versions', 'storage_class', 'TEXT'],
  ['versions', 'crc32c', 'TEXT'],
  ['uploads', 'storage_class', 'TEXT'],
  ['parts', 'crc32c', 'TEXT'],
  ['messages', 'sent_ms', 'INTEGER'],
] as const;
