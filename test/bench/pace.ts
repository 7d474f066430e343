import { setTimeout as sleep } from 'node:timers/promises';
import { now } from './clock.ts';

/**
 * Does something at a steady rate, whether or not what was begun before is done, and answers how long each took from
 * the moment at which it was due: who waits in line is not left out of the figures.
 */
export async function atRate(
  perSecond: number,
  count: number,
  act: (index: number, due: number) => Promise<unknown>,
): Promise<readonly number[]> {
  const begin = now();
  const taken: Promise<number>[] = [];
  for (let index = 0; index < count; index += 1) {
    const due = begin + (index * 1000) / perSecond;
    // One turn of the event loop at least, for those that are under way.
    await sleep(Math.max(0, due - now()));
    taken.push(act(index, due).then((doneAt) => (typeof doneAt === 'number' ? doneAt : now()) - due));
  }
  return Promise.all(taken);
}
