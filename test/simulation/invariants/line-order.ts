import type { Run, Waiting } from '../../../shared/runs/run/run.ts';
import { pauseKey } from '../../../shared/runs/run/run-items.ts';
import type { Changed } from '../ports/table.ts';
import type { Worker } from '../worker.ts';
import { asRun, type Watched } from './watched.ts';

/** Whoever starts a run has looked at each that waits before it: higher priority first, then who came first. */
export function lineOrder({ table, scheduler, violated }: Watched) {
  const waitingSince = new Map<string, number>();
  const agentFreeSince = new Map<string, number>();
  const now = () => scheduler().now();

  function checkOrder(run: Waiting, worker: Worker): void {
    for (const item of table().all()) {
      if (item.type !== 'run' || item.status !== 'waiting' || item.id === run.id) continue;
      const other = asRun(item) as Waiting;
      if (!isBefore(other, run)) continue;
      // What joined the queue while this worker was at it, it need not know of.
      if ((waitingSince.get(other.id) ?? 0) >= worker.bornMs || worker.readRuns.has(`RUN#${other.id}`)) continue;
      if (Date.parse(other.notBefore ?? '') > worker.bornMs) continue;
      if ((agentFreeSince.get(other.rule.agentId) ?? 0) >= worker.bornMs) continue;
      if (isHeldBack(other)) continue;
      violated('runs start in order of priority, then arrival', `${run.id} started before ${other.id}`);
    }
  }

  /** Where its rule lets it wait (a pause, slots or caps of its own), only the rule's own runs compare. */
  const isHeldBack = ({ rule }: Run): boolean =>
    rule.slots !== undefined || rule.maxRunsPerHour !== undefined || table().get(pauseKey(rule.id)) !== undefined;

  return {
    check(before: Run | undefined, after: Run, worker: Worker | undefined): void {
      const startableSince = before?.status === 'waiting' ? before.notBefore : 'never';
      if (after.status === 'waiting' && after.notBefore !== startableSince) waitingSince.set(after.id, now());
      if (after.status === 'starting' && before?.status === 'waiting' && worker) checkOrder(before, worker);
    },
    noteAgentLock({ before, after }: Changed): void {
      const item = after ?? before;
      if (item?.type !== 'agent-lock') return;
      agentFreeSince.set(item.pk.slice('AGENT#'.length), after === undefined ? now() : Number.POSITIVE_INFINITY);
    },
  };
}

function isBefore(one: Waiting, other: Waiting): boolean {
  if (one.rule.priority !== other.rule.priority) return one.rule.priority > other.rule.priority;
  return one.createdAt < other.createdAt || (one.createdAt === other.createdAt && one.id < other.id);
}
