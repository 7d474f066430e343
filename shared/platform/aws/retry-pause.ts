import { setTimeout as sleep } from 'node:timers/promises';

/** Waits before attempt 1, 2, … : twice as long each time, up to a second, and never the same for two callers. */
export const pauseBefore = (attempt: number): Promise<void> =>
  sleep(Math.min(1000, 25 * 2 ** attempt) * (0.5 + Math.random() / 2));
