import { InvalidInput, Missing } from '../../../shared/errors.ts';
import { type ListedRun, listRuns, type WhichRuns } from '../../../shared/runs/operate/list-runs.ts';
import { readRun } from '../../../shared/runs/run/move-run.ts';
import { isEnded, nextStatuses, type RunStatus } from '../../../shared/runs/run/run.ts';
import { colourOf, columnsHere, localTime, table } from '../print/layout.ts';
import type { Outcome } from '../print/outcome.ts';
import { ruleIdsOf, unknownRule } from '../world/rule-ids.ts';
import type { World } from '../world/world.ts';

interface Which {
  readonly status?: string;
  readonly rule?: string;
  readonly key?: string;
  readonly since?: string;
  readonly until?: string;
  readonly open?: boolean;
  readonly limit?: number;
  /** The id of the run behind which to go on. */
  readonly after?: string;
}

/** Newest first; the keys come last and lose their beginnings where the terminal is too narrow. */
export async function showRuns(world: World, options: Which): Promise<Outcome> {
  const { rule, status, key, since, until, open, limit = 50 } = options;
  const which = { status: knownStatus(status), key, since, until, open };
  const set = rule === undefined ? undefined : await world.rules();
  const ruleIds = rule === undefined || set === undefined ? undefined : ruleIdsOf(set, rule);
  const behind = options.after === undefined ? undefined : await placeOf(world, options.after);
  const { runs, isAll } = await pageOf(world, listsFor(world, which, ruleIds), behind, limit);
  // Lists by day look no further back by themselves.
  const isRecent = since === undefined && key === undefined && rule === undefined;
  const stranger = rule === undefined || set === undefined ? undefined : unknownRule(set, rule);
  const nothing = `There are no such runs${isRecent ? ' in the last 30 days; --since looks further back' : ''}.${stranger === undefined ? '' : ` ${stranger}`}`;
  if (runs.length === 0) return { lines: [nothing], json: [] };
  return {
    lines: tableOf(runs),
    json: runs,
    note: isAll
      ? undefined
      : `There are more: --limit N, or the next ones with the same words and --after ${runs.at(-1)?.id}`,
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

/** On a terminal the agent's id after the rule's would leave no room for the key. Other output is not cut. */
const startOf = (ruleId: string): string =>
  Number.isFinite(columnsHere()) && ruleId.length > 14 ? `${ruleId.slice(0, 13)}…` : ruleId;

/** Lists that are shown as one, newest first. */
interface Lists {
  readonly isEnded?: boolean;
  readonly lists: readonly (WhichRuns & { readonly bucket?: string })[];
}

/**
 * A rule with several agents has a list for each of them, and each its open runs before the ended ones; a key has one
 * for each bucket that it may lie in.
 */
function listsFor(world: World, which: WhichRuns, ruleIds: readonly string[] | undefined): readonly Lists[] {
  if (which.key !== undefined) {
    const lists = world.buckets.map((bucket) => ({ ...which, bucket }));
    return [{ lists: ruleIds === undefined ? lists : lists.flatMap((list) => withRules(list, ruleIds)) }];
  }
  if (ruleIds === undefined) return [{ lists: [which] }];
  const { open, status } = which;
  const asked = open ?? (status === undefined ? undefined : nextStatuses[status].length > 0);
  const halves = asked === undefined ? [true, false] : [asked];
  return halves.map((half) => ({ isEnded: !half, lists: withRules({ ...which, open: half }, ruleIds) }));
}

const withRules = <T extends WhichRuns>(which: T, ruleIds: readonly string[]): readonly T[] =>
  ruleIds.map((ruleId) => ({ ...which, ruleId }));

/** Where a run stands in every list that it is in. */
interface Place {
  readonly sortKey: string;
  readonly isEnded: boolean;
}

async function placeOf({ runs }: World, runId: string): Promise<Place> {
  const run = await readRun(runs, runId);
  if (run === undefined)
    throw new Missing(`--after ${runId}: there is no such run. It takes the last id of the page before.`);
  return { sortKey: sortKeyOf(run), isEnded: isEnded(run) };
}

const sortKeyOf = ({ createdAt, id }: { createdAt: string; id: string }): string => `${createdAt}#${id}`;

interface Found {
  readonly runs: readonly ListedRun[];
  readonly isAll: boolean;
}

async function pageOf(
  world: World,
  groups: readonly Lists[],
  behind: Place | undefined,
  limit: number,
): Promise<Found> {
  const runs: ListedRun[] = [];
  let isAll = true;
  for (const group of groups) {
    if (behind?.isEnded === true && group.isEnded === false) continue;
    if (runs.length === limit)
      return { runs, isAll: isAll && (await pageOfGroup(world, group, undefined, 1)).runs.length === 0 };
    const isBehind = group.isEnded === undefined || group.isEnded === behind?.isEnded;
    const found = await pageOfGroup(world, group, isBehind ? behind?.sortKey : undefined, limit - runs.length);
    runs.push(...found.runs);
    isAll &&= found.isAll;
  }
  return { runs, isAll };
}

async function pageOfGroup(world: World, { lists }: Lists, behind: string | undefined, limit: number): Promise<Found> {
  const found = await Promise.all(lists.map((list) => pageOfList(world, list, behind, limit)));
  // Two buckets may lead to one run.
  const byPlace = new Map(found.flatMap(({ runs }) => runs).map((run) => [sortKeyOf(run), run]));
  const runs = [...byPlace].toSorted(([a], [b]) => (a < b ? 1 : -1)).map(([, run]) => run);
  return { runs: runs.slice(0, limit), isAll: found.every(({ isAll }) => isAll) && runs.length <= limit };
}

/** One call looks at so many pages at most; what is rare may lie further back. */
const mostCalls = 25;

async function pageOfList(
  world: World,
  { bucket, ...which }: WhichRuns & { readonly bucket?: string },
  behind: string | undefined,
  limit: number,
): Promise<Found> {
  const deps = bucket === undefined ? world : { ...world, buckets: [bucket] };
  const until = behind ?? which.until;
  // One more tells whether there are more; and bounds take in what they name, the run behind which to go on.
  const most = limit + (behind === undefined ? 1 : 2);
  const runs: ListedRun[] = [];
  let cursor: string | undefined;
  for (let call = 0; call < mostCalls; call += 1) {
    const list = await listRuns(deps, { ...which, until, limit: most - runs.length, cursor });
    runs.push(...list.runs);
    cursor = list.cursor;
    if (cursor === undefined || runs.length >= most) break;
  }
  const rest = runs.filter((run) => sortKeyOf(run) !== behind);
  return { runs: rest.slice(0, limit), isAll: cursor === undefined && rest.length <= limit };
}

function knownStatus(status: string | undefined): RunStatus | undefined {
  if (status === undefined || Object.hasOwn(nextStatuses, status)) return status as RunStatus | undefined;
  throw new InvalidInput(`No run is ever ${status}. The states are ${Object.keys(nextStatuses).join(', ')}.`);
}
