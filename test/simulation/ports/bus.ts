import { checkEvents } from '../../../shared/platform/bus-events.ts';
import type { BusEvent, EventBus } from '../../../shared/platform/ports.ts';

/** A bus in memory whose listeners hear at once. */
export function memoryBus(heard: (event: BusEvent, detail: string) => void = () => {}) {
  const events: BusEvent[] = [];
  return {
    events: events as readonly BusEvent[],
    put(given: readonly BusEvent[]): void {
      const entries = checkEvents(given);
      given.forEach((event, at) => {
        events.push(event);
        heard(event, entries[at]?.detail ?? '');
      });
    },
  };
}

export type MemoryBus = ReturnType<typeof memoryBus>;

export const asBus = (memory: MemoryBus): EventBus => ({ put: async (...events) => memory.put(events) });
