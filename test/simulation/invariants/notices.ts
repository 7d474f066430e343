import { isDeepStrictEqual } from 'node:util';
import type { BusEvent } from '../../../shared/platform/ports.ts';
import { eventSchema } from '../../../shared/runs/notify/event.ts';
import type { Run } from '../../../shared/runs/run/run.ts';
import type { Watched } from './watched.ts';

interface Told {
  readonly runId: string;
  readonly type: string;
  readonly detail: unknown;
}

/** What is told of runs: each end by one event, none before its move, and the same each time. */
export function notices({ violated }: Pick<Watched, 'violated'>) {
  const moves = new Map<string, readonly string[]>();
  const told = new Map<string, Told>();
  const heard = new Map<string, Set<string>>();

  function checkEvent({ id, type, time, detail }: BusEvent): void {
    const [, runId = '', revision = ''] = /^(.+)-(\d+)$/.exec(id) ?? [];
    if (!moves.get(`${runId} ${Number(revision)}`)?.includes(type))
      violated('no event before its move', `${type} ${id}`);
    const parsed = eventSchema.safeParse({ type, timestamp: time, data: detail });
    if (!parsed.success) violated('events are as they are published', `${type} ${id}: ${parsed.error.message}`);
    const before = told.get(id);
    if (before !== undefined && !isDeepStrictEqual(before, { runId, type, detail }))
      violated('an event says the same each time', `${type} ${id}: ${JSON.stringify([before.detail, detail])}`);
    told.set(id, { runId, type, detail });
  }

  return {
    moved(before: Run | undefined, after: Run): void {
      moves.set(`${after.id} ${after.revision}`, namesOf(before, after));
    },
    event: checkEvent,
    /** A receiver was sent an event, and said that it has it. */
    received(url: string, body: string): void {
      const { type, timestamp, data } = JSON.parse(body) as { type: string; timestamp: string; data: { id: string } };
      const { id } = data;
      const before = told.get(id);
      if (before?.type !== type || !isDeepStrictEqual(before.detail, data))
        violated('a receiver is told what the bus is told', `${url} ${type} ${id} ${timestamp}`);
      heard.set(url, (heard.get(url) ?? new Set()).add(id));
    },
    /** The ids under which something of this kind was told of a run. */
    idsOf: (runId: string, types: readonly string[]): readonly string[] =>
      [...told].filter(([, each]) => each.runId === runId && types.includes(each.type)).map(([id]) => id),
    typeOf: (id: string): string => told.get(id)?.type ?? '',
    heardBy: (url: string): ReadonlySet<string> => heard.get(url) ?? new Set(),
  };
}

/** As they are described in docs/events.md: which events a move may be told by. */
function namesOf(before: Run | undefined, after: Run): readonly string[] {
  if (before?.status === after.status) return [];
  if (after.status === 'running') return before?.status === 'paused' ? [] : ['Run Started'];
  if (after.status === 'paused' || after.status === 'waiting') return ['Run Waiting For Credits'];
  return endName(after) ?? [];
}

export function endName(run: Run): readonly string[] | undefined {
  switch (run.status) {
    case 'delivered':
      return [run.partial ? 'Run Partially Delivered' : 'Run Delivered'];
    case 'failed':
      return ['Run Failed'];
    case 'cancelled':
      return ['Run Cancelled'];
    case 'rejected':
      return ['Run Rejected'];
    default:
      return undefined;
  }
}
