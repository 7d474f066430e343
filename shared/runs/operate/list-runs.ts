import { afterPrefix } from '../../platform/key-range.ts';
import type { Clock, Item, Query, Table } from '../../platform/ports.ts';
import { readRun } from '../run/move-run.ts';
import { nextStatuses, type RunStatus } from '../run/run.ts';
import { dayPk, keyPk, rulePk } from '../run/run-items.ts';
import type { FindDeps } from './deps.ts';

export interface WhichRuns {
  readonly status?: RunStatus;
  readonly ruleId?: string;
  readonly open?: boolean;
  /** Of an input or an output. */
  readonly key?: string;
  /** ISO times at which they began; by default the last 30 days. */
  readonly since?: string;
  readonly until?: string;
  readonly limit?: number;
  readonly cursor?: string;
}

export interface ListedRun {
  readonly id: string;
  readonly status: RunStatus;
  readonly createdAt: string;
  readonly attempt: number;
  readonly ruleId: string;
  readonly upload: { readonly bucket: string; readonly key: string };
}

export interface RunList {
  readonly runs: readonly ListedRun[];
  /** Where to go on, while there may be more. */
  readonly cursor?: string;
}

type ListDeps = FindDeps & { readonly clock: Clock };

const daysBack = 30;
const dayMs = 86_400_000;
/** However rare what is looked for is, one call ends. */
const mostPages = 40;
const siftedAtOnce = 1000;

/**
 * Newest first. Of one rule the open ones come before the ended, each from a place of their own: "open runs of this
 * rule" reads one page, however many have ended.
 */
export async function listRuns(deps: ListDeps, which: WhichRuns): Promise<RunList> {
  const { limit = 50 } = which;
  const places = placesOf(deps, which);
  const runs: ListedRun[] = [];
  let { place, after } = readCursor(which.cursor);
  for (let pages = 0; pages < mostPages && runs.length < limit; pages += 1) {
    const query = places[place];
    if (query === undefined) return { runs };
    const read = await readPage(deps, which, { ...query, cursor: after }, limit - runs.length);
    runs.push(...read.runs);
    after = read.next;
    if (after === undefined) place += 1;
  }
  return place < places.length ? { runs, cursor: JSON.stringify([place, after ?? null]) } : { runs };
}

/** At most so many runs of one page, and the place behind the last of them. */
async function readPage(
  { runs: table }: ListDeps,
  which: WhichRuns,
  query: Query,
  most: number,
): Promise<{ runs: readonly ListedRun[]; next?: string }> {
  const page = await table.query({ ...query, limit: isSifted(which) ? siftedAtOnce : most });
  const runs: ListedRun[] = [];
  for (const [index, item] of page.items.entries()) {
    const listed = await listedRun(table, item);
    if (listed !== undefined && isAsked(which, listed)) runs.push(listed);
    if (runs.length < most || index + 1 === page.items.length) continue;
    const { next } = await table.query({ ...query, limit: index + 1 });
    return { runs, next };
  }
  return { runs, next: page.next };
}

/** Whether most of what is read may not be what was asked for. */
const isSifted = ({ status, open, ruleId, key }: WhichRuns): boolean =>
  key === undefined && (status !== undefined || (open !== undefined && ruleId === undefined));

function placesOf(deps: ListDeps, which: WhichRuns): readonly Query[] {
  const { since, until } = bounds(deps, which);
  const span = (prefix = '') => ({ from: `${prefix}${since}`, to: afterPrefix(`${prefix}${until}`), descending: true });
  const { ruleId, key } = which;
  if (key !== undefined)
    return (deps.buckets ?? ['uploads', 'deliveries']).map((bucket) => ({ pk: keyPk(bucket, key), ...span() }));
  if (ruleId !== undefined) return halvesOf(which).map((half) => ({ pk: rulePk(ruleId), ...span(`${half}#`) }));
  return daysBetween(since, until).map((day) => ({ pk: dayPk(day), index: true, ...span() }));
}

function bounds({ clock }: ListDeps, { since, until, key, ruleId }: WhichRuns): { since: string; until: string } {
  const now = clock();
  // Only lists by day have to be told how far back to go.
  const first = key === undefined && ruleId === undefined ? new Date(now - daysBack * dayMs).toISOString() : '';
  return { since: since ?? first, until: until ?? new Date(now + dayMs).toISOString() };
}

function halvesOf({ open, status }: WhichRuns): readonly ('open' | 'ended')[] {
  const asked = open ?? (status === undefined ? undefined : nextStatuses[status].length > 0);
  if (asked === undefined) return ['open', 'ended'];
  return asked ? ['open'] : ['ended'];
}

/** Newest first. */
function daysBetween(since: string, until: string): readonly string[] {
  const days: string[] = [];
  for (let day = until.slice(0, 10); day >= since.slice(0, 10); day = dayBefore(day)) days.push(day);
  return days;
}

const dayBefore = (day: string): string => new Date(Date.parse(day) - dayMs).toISOString().slice(0, 10);

/** Lists tell all that is shown of a run, except by key, where the run itself does. */
async function listedRun(table: Table, item: Item): Promise<ListedRun | undefined> {
  const { runId, status, createdAt, attempt, ruleId, bucket, key } = item;
  if (status !== undefined)
    return { id: runId, status, createdAt, attempt, ruleId, upload: { bucket, key } } as unknown as ListedRun;
  const run = await readRun(table, String(runId));
  if (run === undefined) return undefined;
  const { bucket: at, key: name } = run.upload;
  return {
    ...{ id: run.id, status: run.status, createdAt: run.createdAt, attempt: run.attempt, ruleId: run.rule.id },
    upload: { bucket: at, key: name },
  };
}

function isAsked({ status, open, ruleId }: WhichRuns, run: ListedRun): boolean {
  if (status !== undefined && run.status !== status) return false;
  if (ruleId !== undefined && run.ruleId !== ruleId) return false;
  return open === undefined || open === nextStatuses[run.status].length > 0;
}

function readCursor(cursor: string | undefined): { place: number; after?: string } {
  const [place, after]: [number, string | null] = cursor === undefined ? [0, null] : JSON.parse(cursor);
  return after === null ? { place } : { place, after };
}
