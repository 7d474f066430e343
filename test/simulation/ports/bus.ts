import { checkEvents } from '../../../shared/platform/bus-events.ts';
import type { BusEvent, EventBus } from '../../../shared/platform/ports.ts';

/** A bus in memory whose listeners hear at once. */
export const memoryBus = (heard: (event: BusEvent, detail: string) => void) => ({
  put(events: readonly BusEvent[]): void {
    for (const { id, type, time, detail } of checkEvents(events))
      heard({ id, type, time, detail: JSON.parse(detail) }, detail);
  },
});

export type MemoryBus = ReturnType<typeof memoryBus>;

export const asBus = (memory: MemoryBus): EventBus => ({ put: async (...events) => memory.put(events) });
