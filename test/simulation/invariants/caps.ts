import type { Run } from '../../../shared/runs/run/run.ts';
import type { Watched } from './watched.ts';

/** Starts in an hour, and what the runs of a day cost by their estimates, within what the rules allow. */
export function capsOf({ violated, maxStartsPerHour, maxSpentPerDay }: Watched) {
  const startsInHour = new Map<string, number>();
  const spentOnDay = new Map<string, number>();
  const begunRuns = new Set<string>();

  return {
    started({ rule, updatedAt, estimate, id }: Run): void {
      // Counted a moment before it is written, so in the minute after an hour it may belong to the one before.
      if (updatedAt.slice(14, 16) === '00') return;
      const hour = updatedAt.slice(0, 13);
      const count = (name: string, most: number | undefined) => {
        const starts = (startsInHour.get(name) ?? 0) + 1;
        startsInHour.set(name, starts);
        if (starts > (most ?? Number.POSITIVE_INFINITY))
          violated('no more starts in an hour than allowed', `${starts} in ${name}`);
      };
      count(hour, maxStartsPerHour);
      count(`${hour} of ${rule.id}`, rule.maxRunsPerHour);
      spentOnDay.set(`${updatedAt.slice(0, 10)} ${id}`, estimate?.amount ?? 0);
    },
    /** What was paid for on a day is within the budget. */
    paid({ id, updatedAt }: Run): void {
      begunRuns.add(id);
      const day = updatedAt.slice(0, 10);
      let spent = 0;
      for (const [name, amount] of spentOnDay)
        if (name.startsWith(day) && begunRuns.has(name.slice(11))) spent += amount;
      if (spent > (maxSpentPerDay ?? Number.POSITIVE_INFINITY) + 1e-6)
        violated('no day costs more than its budget', `${spent} on ${day}`);
    },
  };
}
