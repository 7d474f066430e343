import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { explained } from './disk-full.ts';
import { makePrivateFile } from './private-files.ts';
import { laterColumns, schema } from './schema.ts';

/** A value SQLite can store; it has no booleans. */
export type Value = string | number | null;

/** One folder's SQLite file. Every call is synchronous: what runs between two awaits is never interleaved. */
export interface Database {
  all<Row>(sql: string, ...values: Value[]): Row[];
  get<Row>(sql: string, ...values: Value[]): Row | undefined;
  /** Number of rows changed. */
  run(sql: string, ...values: Value[]): number;
  /** All of `work` or nothing, also when the process is killed in the middle. */
  transaction<T>(work: () => T): T;
  close(): void;
}

const waitForOtherProcessMs = 10_000;

/**
 * `kill -9` at any moment loses nothing that was answered. A power cut may lose the last moments before it
 * (synchronous=NORMAL does not flush the log at each commit), but never half of a transaction.
 */
export function openDatabase(path: string): Database {
  makePrivateFile(path);
  const connection = new DatabaseSync(path, { timeout: waitForOtherProcessMs });
  connection.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;');
  connection.exec(schema);
  transaction(connection, () => addColumns(connection));
  const statements = new Map<string, StatementSync>();
  const whileOpen = <T>(work: () => T): T => {
    if (!connection.isOpen) throw new Error('The local platform is closed: nothing can be read or written any more.');
    try {
      return work();
    } catch (error) {
      throw explained(error, path);
    }
  };
  const prepared = (sql: string) => {
    const known = statements.get(sql) ?? connection.prepare(sql);
    statements.set(sql, known);
    return known;
  };
  return {
    all: <Row>(sql: string, ...values: Value[]) => whileOpen(() => prepared(sql).all(...values) as Row[]),
    get: <Row>(sql: string, ...values: Value[]) => whileOpen(() => prepared(sql).get(...values) as Row | undefined),
    run: (sql, ...values) => whileOpen(() => Number(prepared(sql).run(...values).changes)),
    transaction: (work) => whileOpen(() => transaction(connection, work)),
    close: () => {
      if (connection.isOpen) connection.close();
    },
  };
}

function addColumns(connection: DatabaseSync): void {
  for (const [table, column, type] of laterColumns)
    if (!connection.prepare('SELECT 1 FROM pragma_table_info(?) WHERE name = ?').get(table, column))
      connection.exec(`ALTER TABLE ${table} ADD COLUMN ${column} ${type}`);
}

function transaction<T>(connection: DatabaseSync, work: () => T): T {
  if (connection.isTransaction) return work();
  connection.exec('BEGIN IMMEDIATE');
  try {
    const result = work();
    connection.exec('COMMIT');
    return result;
  } catch (error) {
    // SQLite has already rolled back when the disk is full; a second ROLLBACK would hide that error behind its own.
    if (connection.isTransaction) connection.exec('ROLLBACK');
    throw error;
  }
}
