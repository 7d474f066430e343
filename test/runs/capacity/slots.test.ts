import { expect, test } from 'vitest';
import type { Table } from '../../../shared/platform/ports.ts';
import { freeSlot } from '../../../shared/runs/capacity/slots.ts';
import { slotKey } from '../../../shared/runs/run/run-items.ts';

const holding = (...slots: number[]): Table => ({
  get: async () => undefined,
  write: async () => ({ done: true }),
  query: async () => ({ items: slots.map((slot) => ({ ...slotKey(slot), type: 'slot' })) }),
});

test.each<[held: number[], slots: number, free: number | undefined]>([
  [[], 2, 0],
  [[0], 2, 1],
  [[1], 2, 0],
  [[0, 1], 2, undefined],
  // After the number of slots was lowered.
  [[3, 4], 2, undefined],
  [[4], 2, 0],
])('with slots %j held and %i allowed, the free slot is %s', async (held, slots, free) => {
  expect(await freeSlot(holding(...held), slots)).toBe(free);
});
