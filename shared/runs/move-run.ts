import type { Log } from '../log.ts';
import type { Clock, Item, Table, Write } from '../platform/ports.ts';
import type { NextState, Run, RunStatus } from './run.ts';
import { nextStatuses } from './run.ts';
import { companions, runFromItem, runKey, runToItem } from './run-items.ts';

export interface RunDeps {
  readonly runs: Table;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * `changed`: somebody wrote the run since it was read, so the mover must look again.
 * `taken`: what the new state needs (a slot, the agent's lock, the agent run) belongs to another run.
 */
export type Moved =
  | { readonly outcome: 'moved'; readonly run: Run }
  | { readonly outcome: 'changed' }
  | { readonly outcome: 'taken'; readonly by: readonly Item[] };

export async function readRun(table: Table, runId: string): Promise<Run | undefined> {
  const item = await table.get(runKey(runId));
  return item && runFromItem(item);
}

/** Writes the run's next state together with all that accompanies it, if the run is still as it was read. */
export async function moveRun({ runs, clock, log }: RunDeps, from: Run, next: NextState): Promise<Moved> {
  if (!mayMove(from.status, next.status))
    throw new Error(`Run ${from.id} cannot move from ${from.status} to ${next.status}.`);
  const to = nextRun(from, next, new Date(clock()).toISOString());
  const written = await writeMove(runs, from, to);
  if (written.outcome === 'moved' && from.status !== to.status)
    log.info('run.moved', { runId: to.id, from: from.status, to: to.status, ...reasonOf(to) });
  return written;
}

/** Staying is allowed while a run is open: it notes progress, or when to look again. */
export const mayMove = (from: RunStatus, to: RunStatus): boolean => {
  const next: readonly RunStatus[] = nextStatuses[from];
  return next.includes(to) || (from === to && next.length > 0);
};

function nextRun(from: Run, next: NextState, updatedAt: string): Run {
  const { id, upload, rule, attempt, createdAt, revision } = from;
  return { id, upload, rule, attempt, createdAt, updatedAt, ...next, revision: revision + 1 } as Run;
}

const reasonOf = (run: Run) => ('reason' in run ? { reason: run.reason } : {});

async function writeMove(table: Table, from: Run, to: Run): Promise<Moved> {
  const { releases, acquires } = companionWrites(from, to);
  const move: Write = { put: runToItem(to), if: { revision: from.revision } };
  const written = await table.write(move, ...acquires, ...releases);
  if (written.done) return { outcome: 'moved', run: to };
  const conflicts = written.conflicts.map(({ index, existing }) => ({ index, existing }));
  if (conflicts.some(({ index }) => index === 0)) return { outcome: 'changed' };
  const taken = conflicts.filter(({ index }) => index <= acquires.length);
  if (taken.length > 0) return { outcome: 'taken', by: taken.flatMap(({ existing }) => existing ?? []) };
  // Only things to release were gone already (an operator's hand): that is no reason to stay.
  const gone = new Set(conflicts.map(({ index }) => index - 1 - acquires.length));
  const again = await table.write(move, ...acquires, ...releases.filter((_, index) => !gone.has(index)));
  return again.done ? { outcome: 'moved', run: to } : { outcome: 'changed' };
}

function companionWrites(from: Run, to: Run): { acquires: Write[]; releases: Write[] } {
  const before = new Map(companions(from).map((item) => [nameOf(item), item]));
  const after = new Map(companions(to).map((item) => [nameOf(item), item]));
  const acquires = [...after].flatMap(([name, put]): Write[] => {
    const held = before.get(name);
    if (held === undefined) return [{ put, if: 'absent' }];
    return JSON.stringify(held) === JSON.stringify(put) ? [] : [{ put, if: { runId: to.id } }];
  });
  const releases = [...before]
    .filter(([name]) => !after.has(name))
    .map(([, { pk, sk }]): Write => ({ delete: { pk, sk }, if: { runId: from.id } }));
  return { acquires, releases };
}

const nameOf = ({ pk, sk }: Item): string => `${pk} ${sk}`;
