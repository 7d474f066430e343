import { Denied } from '../../../shared/errors.ts';
import type { Ground } from './ground.ts';

/** Somebody's hand on a bucket's policy: for a while we may not read an object, or not write what we deliver. */
export function denialsOf({ scheduler, random, faults, workload }: Ground) {
  const denied = new Set<string>();
  const forAWhile = (name: string, fromMs: number) => {
    scheduler.after(fromMs, () => denied.add(name));
    scheduler.after(fromMs + random.below(workload.faultsForMs), () => denied.delete(name));
  };

  return {
    begin(): void {
      for (const { key, atMs } of workload.drops)
        if (faults.happens('upload-denied')) forAWhile(`uploads ${key}`, random.chance(0.5) ? 0 : atMs + 1_000);
      if (faults.happens('deliveries-denied')) forAWhile('deliveries', random.below(workload.faultsForMs));
    },
    refusal(bucket: string, key: string): Error | undefined {
      if (faults.stopped() || !(denied.has(bucket) || denied.has(`${bucket} ${key}`))) return undefined;
      return new Denied(`We may not use ${key} in ${bucket}.`);
    },
  };
}

export type Denials = ReturnType<typeof denialsOf>;
