import { Missing } from '../../errors.ts';
import type { Clock, Item, Table } from '../../platform/ports.ts';
import type { Cursor } from '../cursor.ts';
import { isId } from '../ids.ts';
import { listPage } from '../list-page.ts';
import type { LoadedRun, Source } from './agent-run.ts';
import { placeOf, renderFromItem, runFromItem, runKey, runsOf, sourceFromItem, sourceKey } from './agent-run-items.ts';

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
  const loaded = isId(runId) ? await loadRun(table, runId) : undefined;
  if (loaded === undefined) throw new Missing('Agent run not found', { agentRunId: runId });
  return loaded;
}

/** Undefined once the run is through, and when the time is over for which its links are kept. */
export async function readSource(
  { table, clock }: { readonly table: Table; readonly clock: Clock },
  runId: string,
  inputIndex: number,
): Promise<Source | undefined> {
  const item = await table.get(sourceKey(runId, inputIndex));
  const isKept = item?.expiresAt === undefined || item.expiresAt * 1000 > clock();
  return item && isKept ? sourceFromItem(item) : undefined;
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
  { statuses, to, ...asked }: RunFilter,
): Promise<{ runs: readonly LoadedRun[]; next?: Cursor }> {
  const read = async ({ id }: Item): Promise<LoadedRun | undefined> => {
    const loaded = await loadRun(table, String(id));
    return loaded && (statuses?.includes(loaded.run.status) ?? true) ? loaded : undefined;
  };
  // "~" sorts after every id, so that a run started at the very moment `to` is in.
  const range = { ...asked, pk: runsOf(agentId), to: to && `${to}#~` };
  const { entries, next } = await listPage(table, range, { read, placeOf: ({ run }) => placeOf(run) });
  return { runs: entries, next };
}
