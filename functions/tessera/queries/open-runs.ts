import type { Item, Query, Table } from '../../../shared/platform/ports.ts';
import { readRun } from '../../../shared/runs/run/move-run.ts';
import type { Run } from '../../../shared/runs/run/run.ts';
import { dayPk, laterPk, openPk, runFromItem, shards, waitingPk } from '../../../shared/runs/run/run-items.ts';

export interface OpenRuns {
  readonly runs: readonly Run[];
  /** Those that wait for their start and are further back in the line than is read. */
  readonly further: number;
}

/** Of a long line only its head is read; the others are counted, up to `mostCounted`. */
const mostWaiting = 200;
const mostCounted = 1000;

/**
 * All runs that have not ended: what reconcile looks after, and the lines of those that wait. Seven questions, however
 * many runs have ended. `known`: runs read before; one that waits does not change, so it is not read again.
 */
export async function openRuns(table: Table, known: ReadonlyMap<string, Run>): Promise<OpenRuns> {
  const [watched, lines] = await Promise.all([
    Promise.all(shards.map((shard) => allOf(table, { pk: openPk(shard), index: true }))),
    Promise.all([waitingPk, laterPk].map((pk) => table.query({ pk, limit: mostCounted }))),
  ]);
  const inLine = lines.flatMap(({ items }) => items.map(({ runId }) => String(runId)));
  const waiting = await runsOf(table, inLine.slice(0, mostWaiting), known);
  return {
    runs: [...watched.flat().flatMap(knownRun), ...waiting],
    further: Math.max(0, inLine.length - mostWaiting),
  };
}

/** The runs that began since then, also those that have ended: some end between two looks. */
export async function runsSince(table: Table, since: string, known: ReadonlyMap<string, Run>): Promise<readonly Run[]> {
  const from = since.slice(0, 10);
  const days = [...new Set([from, new Date().toISOString().slice(0, 10)])];
  const listed = await Promise.all(days.map((day) => allOf(table, { pk: dayPk(day), index: true, from: since })));
  const ids = listed.flat().map(({ runId }) => String(runId));
  return runsOf(
    table,
    ids.filter((id) => !known.has(id)),
    new Map(),
  );
}

async function runsOf(table: Table, ids: readonly string[], known: ReadonlyMap<string, Run>): Promise<readonly Run[]> {
  const runs: Run[] = [];
  for (let first = 0; first < ids.length; first += atOnce) {
    const some = ids.slice(first, first + atOnce);
    const read = await Promise.all(
      some.map((id) => (known.get(id)?.status === 'waiting' ? known.get(id) : readRun(table, id))),
    );
    runs.push(...read.filter((run) => run !== undefined));
  }
  return runs;
}

const atOnce = 25;

async function allOf(table: Table, query: Query): Promise<readonly Item[]> {
  const items: Item[] = [];
  let cursor: string | undefined;
  do {
    const page = await table.query({ ...query, cursor });
    items.push(...page.items);
    cursor = page.next;
  } while (cursor !== undefined);
  return items;
}

/** One that a newer version wrote is left to that version's command. */
function knownRun(item: Item): readonly Run[] {
  try {
    return [runFromItem(item)];
  } catch {
    return [];
  }
}
