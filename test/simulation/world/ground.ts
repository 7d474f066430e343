import { faultsOf } from '../faults.ts';
import { type Random, randomOf } from '../random.ts';
import { scheduler as schedulerOf } from '../scheduler.ts';
import { workshop } from '../worker.ts';
import { workloadOf } from '../workload.ts';

export const startMs = Date.parse('2026-03-01T22:30:00.000Z');

/** A promise that was not kept, and the facts. */
export interface Violation {
  readonly rule: string;
  readonly facts: string;
}

/** What everything in a world stands on: its time, its chances, and what is to happen in it. */
export function groundOf(seed: number, keepTrace?: boolean) {
  const root = randomOf(seed);
  const random = root.fork();
  const faults = faultsOf(root.fork());
  const workload = workloadOf(root.fork(), faults);
  const scheduler = schedulerOf(root.fork(), startMs, () => shop.isBusy(), keepTrace);
  const shop = workshop(scheduler, root.fork(), faults);
  let violation: Violation | undefined;
  return {
    ...{ random, faults, workload, scheduler, shop },
    clock: scheduler.now,
    newId: () => random.text(24),
    fork: (): Random => root.fork(),
    violated(rule: string, facts: string): void {
      scheduler.note(`VIOLATED: ${rule}: ${facts}`);
      violation ??= { rule, facts };
      scheduler.stop();
    },
    violation: () => violation,
  };
}

export type Ground = ReturnType<typeof groundOf>;
