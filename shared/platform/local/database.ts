import Libsql from 'libsql';
import { InvalidInput } from '../../errors.ts';
import { explained } from './disk-full.ts';
import { laterColumns, schema } from './schema.ts';

/** What SQLite stores. Its driver aborts the process on a boolean and cuts text at U+0000, so neither gets there. */
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
  const connection = new Libsql(path, { timeout: waitForOtherProcessMs });
  connection.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;');
  connection.exec(schema);
  transaction(connection, () => addColumns(connection));
  const statements = new Map<string, Libsql.Statement>();
  let closed = false;
  // Not only kinder: the driver may abort the process when a closed connection is used.
  const whileOpen = <T>(work: () => T): T => {
    if (closed) throw new Error('The local platform is closed; nothing can be read or written any more.');
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
  // `all` everywhere: it reads to the end; a statement left in the middle would keep the next commit from happening.
  const all = <Row>(sql: string, ...values: Value[]) => whileOpen(() => prepared(sql).all(withoutNul(values)) as Row[]);
  return {
    all,
    get: <Row>(sql: string, ...values: Value[]) => all<Row>(sql, ...values)[0],
    run: (sql, ...values) => whileOpen(() => prepared(sql).run(withoutNul(values)).changes),
    transaction: (work) => whileOpen(() => transaction(connection, work)),
    close: () => {
      closed = true;
      connection.close();
    },
  };
}

function addColumns(connection: Libsql.Database): void {
  for (const [table, column, type] of laterColumns)
    if (!connection.prepare('SELECT 1 FROM pragma_table_info(?) WHERE name = ?').get(table, column))
      connection.exec(`ALTER TABLE ${table} ADD COLUMN ${column} ${type}`);
}

function transaction<T>(connection: Libsql.Database, work: () => T): T {
  if (connection.inTransaction) return work();
  connection.exec('BEGIN IMMEDIATE');
  try {
    const result = work();
    connection.exec('COMMIT');
    return result;
  } catch (error) {
    // A full disk has rolled back already; a second ROLLBACK would hide that error behind its own.
    if (connection.inTransaction) connection.exec('ROLLBACK');
    throw error;
  }
}

function withoutNul(values: readonly Value[]): readonly Value[] {
  for (const value of values)
    if (typeof value === 'string' && value.includes('\0'))
      throw new InvalidInput(
        `A key holds the character U+0000, which the local store cannot keep: ${JSON.stringify(value.slice(0, 100))}.`,
      );
  return values;
}
