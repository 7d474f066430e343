import type { SimulatedApi } from '../api/mosaic.ts';
import type { MemoryTable } from '../ports/table.ts';
import type { Ground } from './ground.ts';
import type { Hop } from './queues.ts';

interface Duty {
  readonly api: SimulatedApi;
  readonly table: MemoryTable;
  readonly hops: readonly Hop[];
  readonly resumeAll: () => void;
}

/** Whoever looks after the stage and pays its bills, and the others of the same account. */
export function onDuty({ scheduler, random, faults, workload }: Ground, { api, table, hops, resumeAll }: Duty) {
  /** Whoever pays the bill may say so to us, or let go on at Mosaic what had stopped there, or do nothing more. */
  function refill(): void {
    api.refillCredits();
    if (random.chance(0.3)) resumeAll();
    if (random.chance(0.5)) return;
    for (const agentRun of api.runs.values())
      if (agentRun.status === 'failed' && agentRun.needsCredits) api.resume(agentRun);
  }

  /** What nobody could find out about is left to a person, who ends it where it takes up room for nothing. */
  function lookAfter(untilMs: number): void {
    for (const agentRun of api.inFlight()) {
      const item = table.get({ pk: `RUN#${agentRun.ourRunId}`, sk: 'RUN' });
      if (item?.failure === 'unanswered') api.cancel(agentRun);
    }
    if (scheduler.now() < untilMs) scheduler.after(3600_000, () => lookAfter(untilMs));
  }

  return {
    lookAfter,
    begin(): void {
      for (let count = 0; count < 3; count += 1)
        scheduler.after(random.below(workload.faultsForMs), () => {
          if (faults.happens('api-list-stranger')) api.stranger(random.pick(['agent-1', 'agent-2']));
        });
      if (!random.chance(0.25)) return;
      const goneAtMs = random.below(workload.faultsForMs / 2);
      scheduler.after(goneAtMs, api.spendCredits);
      scheduler.after(goneAtMs + random.below(12 * 3600_000), refill);
    },
    /** Sends every dead letter once more, or those of one queue. */
    redrive(only?: string): void {
      for (const { queue, deadLetters } of hops) {
        if (only !== undefined && deadLetters.name !== only) continue;
        const moved = deadLetters.moveTo(queue);
        for (let count = 0; count < moved; count += 1) faults.count('dead-letter-redriven');
      }
    },
  };
}
