import { pump, type QueueDoor } from '../doors.ts';
import { type MemoryQueue, memoryQueue } from '../ports/queue.ts';
import type { Workshop } from '../worker.ts';
import type { Ground } from './ground.ts';

export interface Hop {
  readonly queue: MemoryQueue;
  readonly deadLetters: MemoryQueue;
}

/** A queue whose messages its door's workers handle, and where those go that fail again and again. */
export function hopOf(
  { clock, newId, scheduler, random, faults }: Ground,
  shop: Workshop,
  seen: (text: string) => void,
  door: QueueDoor,
): Hop {
  const options = { clock, newId, seen };
  const deadLetters = memoryQueue(`${door.name}-dead`, options);
  const queue: MemoryQueue = memoryQueue(`${door.name}s`, {
    ...options,
    deadLetters,
    maxReceives: door.maxReceives ?? 5,
    choose: (count) => random.below(count),
    visibleAt: (ms) => pumped.visibleAt(ms),
  });
  const pumped = pump({ scheduler, random, faults, shop }, queue, door);
  return { queue, deadLetters };
}
