import { InvalidInput } from '../../shared/errors.ts';
import { type ListedRun, listRuns, type WhichRuns } from '../../shared/runs/find-runs.ts';
import { nextStatuses, type RunStatus } from '../../shared/runs/run.ts';
import { colourOf, localTime, table } from './layout.ts';
import type { Outcome } from './outcome.ts';
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
  const { rule: ruleId, status, key, since, until, open, limit = 50 } = options;
  const which = { ruleId, status: knownStatus(status), key, since, until, open, limit };
  const { runs, isAll } = await found(world, which);
  const note = isAll ? undefined : 'There are more: --limit, --since and --until choose others.';
  // Lists by day look no further back by themselves.
  const isRecent = since === undefined && key === undefined && ruleId === undefined;
  const nothing = `There are no such runs${isRecent ? ' in the last 30 days; --since looks further back' : ''}.`;
  if (runs.length === 0) return { lines: [nothing], json: [], note };
  return {
    lines: table(
      ['run', 'state', 'began', 'key'],
      runs.map(({ id, status, createdAt, upload }) => [id, status, localTime(createdAt).slice(5, 16), upload.key]),
      { paint: (line, row) => colourOf(runs[row]?.status ?? 'waiting')(line) },
    ),
    json: runs,
    note,
  };
}

/** One call looks at so many pages at most; what is rare may lie further back. */
const mostCalls = 25;

async function found(world: World, which: WhichRuns & { readonly limit: number }) {
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
