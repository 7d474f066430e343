import { AsyncLocalStorage } from 'node:async_hooks';
import type { DoorName } from '../bench-world.ts';
import { now } from '../clock.ts';
import { type Counted, logBytes, memoryGb } from './prices.ts';

export type Tally = ReturnType<typeof newTally>;

/** What has been asked of AWS so far, and by whom. */
export function newTally() {
  const counts = new Map<Counted, number>();
  const doors = new AsyncLocalStorage<{ waitMs: number }>();
  const add = (what: Counted, count = 1) => void counts.set(what, (counts.get(what) ?? 0) + count);
  return {
    add,
    /** A call to another service, which takes its time in AWS. */
    waits: (ms: number) => {
      const door = doors.getStore();
      if (door) door.waitMs += ms;
    },
    invoke: <T>(name: DoorName, call: () => Promise<T>): Promise<T> => {
      const door = { waitMs: 0 };
      const begin = now();
      return doors.run(door, call).finally(() => {
        const seconds = (now() - begin + door.waitMs) / 1000;
        add('invocation');
        add('gigabyteSecond', seconds * (name === 'copy-output' ? memoryGb[name] : memoryGb.others));
        add('logGigabyte', logBytes.perInvocation / 1e9);
        if (name === 'webhook') add('httpRequest');
        // The service that calls it asks the queue for messages and says when they are done.
        else if (name !== 'reconcile') add('queue', 2);
      });
    },
    of: (what: Counted): number => counts.get(what) ?? 0,
  };
}
