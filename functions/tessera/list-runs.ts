import { InvalidInput } from '../../shared/errors.ts';
import { type ListedRun, listRuns, type WhichRuns } from '../../shared/runs/find-runs.ts';
import { nextStatuses, type RunStatus } from '../../shared/runs/run.ts';
import { colourOf, columnsHere, localTime, table } from './layout.ts';
import type { Outcome } from './outcome.ts';
import { ruleIdsOf, unknownRule } from './rule-ids.ts';
import type { World } from './world.ts';

interface Which {
  readonly status?: string;
  readonly rule?: string;
  readonly key?: string;
  readonly since?: string;
  readonly until?: string;
  readonly open?: boolean;
  readonly limit?: number;
}

/** Newest first; the keys come last and lose their beginnings where the terminal is too narrow. */
export async function listedRuns(world: World, options: Which): Promise<Outcome> {
  const { rule, status, key, since, until, open, limit = 50 } = options;
  const which = { status: knownStatus(status), key, since, until, open, limit };
  const set = rule === undefined ? undefined : await world.rules();
  const ruleIds = rule === undefined || set === undefined ? [undefined] : ruleIdsOf(set, rule);
  const { runs, isAll } = await foundOf(world, which, ruleIds);
  const note = isAll ? undefined : 'There are more: --limit, --since and --until choose others.';
  // Lists by day look no further back by themselves.
  const isRecent = since === undefined && key === undefined && rule === undefined;
  const stranger = rule === undefined || set === undefined ? undefined : unknownRule(set, rule);
  const nothing = `There are no such runs${isRecent ? ' in the last 30 days; --since looks further back' : ''}.${stranger === undefined ? '' : ` ${stranger}`}`;
  if (runs.length === 0) return { lines: [nothing], json: [], note };
  return {
    lines: tableOf(runs),
    json: runs,
    note,
  };
}

/** The rule is told where keys alone do not tell the runs apart. */
function tableOf(runs: readonly ListedRun[]): string[] {
  const keys = new Set(runs.map(({ upload }) => upload.key));
  const withRule = keys.size < runs.length;
  const rows = runs.map(({ id, status, createdAt, ruleId, upload }) => [
    ...[id, status, localTime(createdAt).slice(5, 16)],
    ...(withRule ? [startOf(ruleId)] : []),
    upload.key,
  ]);
  const header = ['run', 'state', 'began', ...(withRule ? ['rule'] : []), 'key'];
  return table(header, rows, { paint: (line, row) => colourOf(runs[row]?.status ?? 'waiting')(line) });
}

/** An agent's id behind the rule's own would take the room of the key; where nobody looks, nothing is cut. */
const startOf = (ruleId: string): string =>
  Number.isFinite(columnsHere()) && ruleId.length > 14 ? `${ruleId.slice(0, 13)}…` : ruleId;

/** A rule with several agents has a list for each of them. */
async function foundOf(world: World, which: Limited, ruleIds: readonly (string | undefined)[]) {
  const lists = await Promise.all(ruleIds.map((ruleId) => found(world, { ...which, ruleId })));
  const [only] = lists;
  if (only !== undefined && lists.length === 1) return only;
  const runs = lists.flatMap((list) => list.runs).sort((a, b) => (a.createdAt < b.createdAt ? 1 : -1));
  const isAll = lists.every((list) => list.isAll) && runs.length <= which.limit;
  return { runs: runs.slice(0, which.limit), isAll };
}

type Limited = WhichRuns & { readonly limit: number };

/** One call looks at so many pages at most; what is rare may lie further back. */
const mostCalls = 25;

async function found(world: World, which: Limited) {
  const runs: ListedRun[] = [];
  let cursor: string | undefined;
  for (let call = 0; call < mostCalls; call += 1) {
    const list = await listRuns(world, { ...which, limit: which.limit - runs.length, cursor });
    runs.push(...list.runs);
    cursor = list.cursor;
    if (cursor === undefined || runs.length >= which.limit) break;
  }
  return { runs, isAll: cursor === undefined };
}

function knownStatus(status: string | undefined): RunStatus | undefined {
  if (status === undefined || Object.hasOwn(nextStatuses, status)) return status as RunStatus | undefined;
  throw new InvalidInput(`No run is ever ${status}. The states are ${Object.keys(nextStatuses).join(', ')}.`);
}
