import { Missing } from '../errors.ts';
import type { Item, Table } from '../platform/ports.ts';
import type { LoadedRun, Source } from './agent-run.ts';
import { type Cursor, cursorOf, readCursor } from './cursor.ts';
import { placeOf, renderFromItem, runFromItem, runKey, runsOf, sourceFromItem, sourceKey } from './run-items.ts';

/** The run and its renders, as they are at this moment. */
export async function loadRun(table: Table, runId: string): Promise<LoadedRun | undefined> {
  const items: Item[] = [];
  let cursor: string | undefined;
  do {
    const page = await table.query({ pk: runKey(runId).pk, cursor });
    items.push(...page.items);
    cursor = page.next;
  } while (cursor !== undefined);
  const run = items.find(({ type }) => type === 'agent-run');
  const renders = items.filter(({ type }) => type === 'render').map(renderFromItem);
  return run && { run: runFromItem(run), renders };
}

export async function existingRun(table: Table, runId: string): Promise<LoadedRun> {
  const loaded = await loadRun(table, runId);
  if (loaded === undefined) throw new Missing('Agent run not found', { agentRunId: runId });
  return loaded;
}

/** Undefined once the run has ended: the link went with it. */
export async function readSource(table: Table, runId: string, inputIndex: number): Promise<Source | undefined> {
  const item = await table.get(sourceKey(runId, inputIndex));
  return item && sourceFromItem(item);
}

export interface RunFilter {
  readonly limit: number;
  readonly cursor?: Cursor;
  readonly statuses?: readonly string[];
  /** ISO times of the start, both inclusive. */
  readonly from?: string;
  readonly to?: string;
}

/** The agent's runs from the newest on. The index trails by moments; what is answered of each run is fresh. */
export async function listRuns(
  table: Table,
  agentId: string,
  filter: RunFilter,
): Promise<{ runs: readonly LoadedRun[]; next?: Cursor }> {
  const { limit, from, statuses } = filter;
  const after = filter.cursor === undefined ? undefined : readCursor(filter.cursor);
  // "~" sorts after every id, so that a run started at the very moment `to` is in.
  const latest = filter.to === undefined ? undefined : `${filter.to}#~`;
  const to = after !== undefined && (latest === undefined || after < latest) ? after : latest;
  if (from !== undefined && to !== undefined && from > to) return { runs: [] };
  const found: LoadedRun[] = [];
  let cursor: string | undefined;
  do {
    const page = await table.query({
      pk: runsOf(agentId),
      index: true,
      descending: true,
      from,
      to,
      cursor,
      limit: limit + 2,
    });
    const fresh = await Promise.all(
      page.items.filter((item) => item.isk !== after).map((item) => loadRun(table, String(item.id))),
    );
    for (const loaded of fresh) if (loaded && (statuses?.includes(loaded.run.status) ?? true)) found.push(loaded);
    cursor = page.next;
  } while (cursor !== undefined && found.length <= limit);
  const last = found[limit - 1];
  return { runs: found.slice(0, limit), next: last && found.length > limit ? cursorOf(placeOf(last.run)) : undefined };
}
