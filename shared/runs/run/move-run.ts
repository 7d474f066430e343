import type { Metrics } from '../../metrics.ts';
import type { Item, Json, Table, Write, Written } from '../../platform/ports.ts';
import type { RunDeps } from './deps.ts';
import { wakeNotify } from './messages.ts';
import { noticeOf } from './notice.ts';
import type { NextState, Run, RunStatus } from './run.ts';
import { baseFields, isEnded, nextStatuses } from './run.ts';
import { companions, listedType, moveKey, outboxItem, runFromItem, runKey, runToItem } from './run-items.ts';

/**
 * `changed`: the run was written since it was read, so the caller must read it again.
 * `taken`: a slot, the agent's lock or the agent run that the new state needs belongs to another run.
 * `refused`: the condition of a given write failed; the index of a conflict counts from the first given write.
 */
export type Moved<To extends Run = Run> =
  | { readonly outcome: 'moved'; readonly run: To }
  | { readonly outcome: 'changed' }
  | { readonly outcome: 'taken'; readonly by: readonly Item[] }
  | { readonly outcome: 'refused'; readonly conflicts: Conflicts };

type Conflicts = Extract<Written, { done: false }>['conflicts'];

export async function readRun(table: Table, runId: string): Promise<Run | undefined> {
  const item = await table.get(runKey(runId));
  return item && runFromItem(item);
}

type WithStatus<Status extends RunStatus> = Extract<Run, { readonly status: Status }>;

/** Writes a run's next state with its accompanying items and the given writes, if the run has not changed since it was read. */
export async function moveRun<Status extends RunStatus>(
  deps: RunDeps,
  from: Run,
  next: NextState & { readonly status: Status },
  alongside: readonly Write[] = [],
): Promise<Moved<WithStatus<Status>>> {
  if (!mayMove(from.status, next.status))
    throw new Error(`Run ${from.id} cannot move from ${from.status} to ${next.status}.`);
  const to = nextRun(from, next, new Date(deps.clock()).toISOString());
  const written = await writeMove(deps.runs, from, to, alongside);
  if (written.outcome === 'moved' && from.status !== to.status) await afterMove(deps, from, to);
  return written as Moved<WithStatus<Status>>;
}

/** An open run may also keep its status, to store its progress or the time of its next check. */
export const mayMove = (from: RunStatus, to: RunStatus): boolean => {
  const next: readonly RunStatus[] = nextStatuses[from];
  return next.includes(to) || (from === to && next.length > 0);
};

function nextRun(from: Run, next: NextState, updatedAt: string): Run {
  const kept = Object.fromEntries(baseFields.map((name) => [name, from[name]]));
  const enteredAt = from.status === next.status ? from.enteredAt : updatedAt;
  return { ...kept, updatedAt, ...next, enteredAt, revision: from.revision + 1 } as unknown as Run;
}

async function afterMove({ notifyQueue, log, metrics }: RunDeps, from: Run, to: Run): Promise<void> {
  log.info('run.moved', { runId: to.id, from: from.status, to: to.status, ...reasonOf(to) });
  if (metrics !== undefined) measure(metrics, from, to);
  if (notifyQueue === undefined || !isToldOf(from, to)) return;
  const { id: runId, revision } = to;
  // The move is written together with its outbox item, so reconcile finds it if this message is lost.
  await wakeNotify(notifyQueue, { runId, revision }).catch((error: unknown) =>
    log.warn('notify.not-woken', { runId, error }),
  );
}

/** Every end goes to notify, which also sets when the run's records expire. */
const isToldOf = (from: Run, to: Run): boolean => isEnded(to) || noticeOf(from, to) !== undefined;

function measure(metrics: Metrics, from: Run, to: Run): void {
  // Records of older versions have no enteredAt; a run at revision 1 has just been created.
  const since = from.enteredAt ?? (from.revision === 1 ? from.createdAt : undefined);
  if (since !== undefined)
    metrics.milliseconds('TimeInState', Date.parse(to.updatedAt) - Date.parse(since), { status: from.status });
  if (isEnded(to)) metrics.count('RunsEnded', 1, { status: to.status });
  if (to.status === 'failed') metrics.count('RunsFailed', 1, { class: to.failure });
}

const reasonOf = (run: Run) => ('reason' in run ? { reason: run.reason } : {});

async function writeMove(table: Table, from: Run, to: Run, alongside: readonly Write[]): Promise<Moved> {
  const { releases, acquires, marks } = companionWrites(from, to);
  const move: Write = { put: runToItem(to), if: { revision: from.revision } };
  const written = await table.write(move, ...acquires, ...alongside, ...releases, ...marks);
  if (written.done) return { outcome: 'moved', run: to };
  const within = (first: number, count: number): Conflicts =>
    written.conflicts.flatMap(({ index, existing }) =>
      index >= first && index < first + count ? [{ index: index - first, existing }] : [],
    );
  if (within(0, 1).length > 0) return { outcome: 'changed' };
  const taken = within(1, acquires.length);
  if (taken.length > 0) return { outcome: 'taken', by: taken.flatMap(({ existing }) => existing ?? []) };
  const refused = within(1 + acquires.length, alongside.length);
  if (refused.length > 0) return { outcome: 'refused', conflicts: refused };
  // Only items to release are missing, removed by an operator: the move is written without them.
  const gone = new Set(within(1 + acquires.length + alongside.length, releases.length).map(({ index }) => index));
  const left = releases.filter((_, index) => !gone.has(index));
  const again = await table.write(move, ...acquires, ...alongside, ...left, ...marks);
  return again.done ? { outcome: 'moved', run: to } : { outcome: 'changed' };
}

/** `marks` list where a run is and was. No decision depends on them, so they are written unconditionally. */
function companionWrites(from: Run, to: Run): { acquires: Write[]; releases: Write[]; marks: Write[] } {
  const before = new Map(companions(from).map((item) => [nameOf(item), item]));
  const after = new Map(companions(to).map((item) => [nameOf(item), item]));
  const isMark = ({ type }: Item) => type === listedType;
  const changed = [...after].filter(([name, put]) => JSON.stringify(before.get(name)) !== JSON.stringify(put));
  const gone = [...before].filter(([name]) => !after.has(name)).map(([, item]) => item);
  const acquires = changed
    .filter(([, put]) => !isMark(put))
    .map(([name, put]): Write => ({ put, if: before.has(name) ? { runId: to.id } : 'absent' }));
  const releases = gone
    .filter((item) => !isMark(item))
    .map(({ pk, sk }): Write => ({ delete: { pk, sk }, if: { runId: from.id } }));
  const marks: Write[] = [
    ...changed.filter(([, put]) => isMark(put)).map(([, put]): Write => ({ put })),
    ...gone.filter(isMark).map(({ pk, sk }): Write => ({ delete: { pk, sk } })),
    ...(from.status === to.status ? [] : [{ put: moveItem(from, to) }]),
    ...(isToldOf(from, to) ? [{ put: outboxItem(to) }] : []),
  ];
  return { acquires, releases, marks };
}

const moveItem = (from: Run, to: Run): Item => ({
  ...moveKey(to.id, to.revision),
  type: 'move',
  from: from.status,
  to: to.status,
  at: to.updatedAt,
  ...reasonOf(to),
  notice: noticeOf(from, to) as Json | undefined,
});

const nameOf = ({ pk, sk }: Item): string => `${pk} ${sk}`;
