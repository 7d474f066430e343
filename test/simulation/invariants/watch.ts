import { isDeepStrictEqual } from 'node:util';
import type { StartRequest } from '../../../shared/mosaic/mosaic.ts';
import { isEnded, type Run } from '../../../shared/runs/run/run.ts';
import type { AgentRun } from '../api/agent-run.ts';
import type { Version } from '../ports/bucket.ts';
import type { Changed } from '../ports/table.ts';
import type { Worker } from '../worker.ts';
import { capsOf } from './caps.ts';
import { copies } from './copies.ts';
import { holds } from './holds.ts';
import { lineOrder } from './line-order.ts';
import { movesOf } from './moves.ts';
import { notices } from './notices.ts';
import { payments } from './payments.ts';
import { asRun, secretMark, type Watched } from './watched.ts';

/** A record that says when it may go is still the same. */
function isGivenItsEnd(before: Run | undefined, after: Run): boolean {
  const { expiresAt, ...rest } = after as Run & { expiresAt?: number };
  if (before === undefined || expiresAt === undefined || !isEnded(after)) return false;
  const { expiresAt: _, ...restBefore } = before as Run & { expiresAt?: number };
  return isDeepStrictEqual(rest, restBefore);
}

export interface Watch {
  /** Looks at each transaction, by the worker that makes it. */
  tableChanged(changes: readonly Changed[], worker: Worker | undefined): void;
  startCalled(worker: Worker, request: StartRequest): void;
  agentRunBegun(agentRun: AgentRun): void;
  workerBorn(worker: Worker): void;
  /** Looks at each object that becomes visible in the deliveries. */
  delivered(version: Version): void;
  /** Looks at what is begun in parts there. */
  uploading(key: string, metadata: Readonly<Record<string, string>>): void;
  /** Every run as it was last, also after its records have gone. */
  runs(): ReadonlyMap<string, Run>;
  /** When the records of a run were last given their end. */
  sweptMs(runId: string): number;
  readonly failuresOf: (runId: string, outputId: string) => number;
  readonly notices: ReturnType<typeof notices>;
  noSecretIn(where: string, text: string): void;
}

/** What must hold at every moment, whatever happens; `final-checks.ts` has what must hold in the end. */
export function watch(watched: Watched): Watch {
  const { violated } = watched;
  const moves = movesOf(watched);
  const order = lineOrder(watched);
  const caps = capsOf(watched);
  const held = holds(watched);
  const paid = payments(watched, caps.paid);
  const copied = copies(watched);
  const told = notices(watched);
  const runs = new Map<string, Run>();
  const sweptMs = new Map<string, number>();

  function runChanged(before: Run | undefined, after: Run | undefined, worker: Worker | undefined): void {
    if (after === undefined) {
      violated('a run is never forgotten', before?.id ?? '');
      return;
    }
    runs.set(after.id, after);
    if (isGivenItsEnd(before, after)) {
      sweptMs.set(after.id, watched.scheduler().now());
      return;
    }
    told.moved(before, after);
    if ('expiresAt' in after && !isEnded(after)) violated('the record of an open run has no end', after.id);
    moves.check(before, after);
    order.check(before, after, worker);
    if (after.status === 'starting' && before?.status === 'waiting' && worker) caps.started(after);
  }

  return {
    tableChanged(changes, worker) {
      for (const change of changes) {
        order.noteAgentLock(change);
        held.noteHold(change);
        if (change.after?.type === 'output') copied.outputWritten(change.after);
      }
      for (const { before, after } of changes)
        if ((before ?? after)?.type === 'run') runChanged(asRun(before), asRun(after), worker);
    },
    workerBorn: held.workerBorn,
    startCalled: (worker, { callbackUrl }) => held.startCalled(worker, callbackUrl),
    agentRunBegun: paid.begun,
    delivered: copied.delivered,
    uploading: copied.begun,
    runs: () => runs,
    sweptMs: (runId) => sweptMs.get(runId) ?? 0,
    notices: told,
    failuresOf: copied.failuresOf,
    noSecretIn(where, text) {
      if (text.includes(secretMark))
        violated('no secret or signed link is written anywhere', `${where}: ${text.slice(0, 200)}`);
    },
  };
}
