import { describe, expect } from 'vitest';
import { InvalidInput } from '../../shared/errors.ts';
import type { BusEvent, EventBus } from '../../shared/platform/ports.ts';
import { checker, type Gaps } from './contract.ts';

export interface BusPair {
  readonly bus: EventBus;
  /** What a listener on the bus has been told since it was opened, waiting until it is `count` or more. */
  readonly told: (count: number) => Promise<readonly BusEvent[]>;
}

const event = (id: string, detail: object = { runId: 'r1' }): BusEvent => ({
  ...{ id, type: 'Run Delivered', time: '2026-03-04T05:06:07.000Z' },
  detail: detail as BusEvent['detail'],
});

/** What every `EventBus` promises. Each test opens a bus of its own. */
export function busContract(name: string, open: () => Promise<BusPair>, gaps?: Gaps): void {
  describe(`${name} is an event bus`, () => {
    const check = checker(gaps);

    check('tells what was put on it, with its id among the details', async () => {
      const { bus, told } = await open();
      const detail = { runId: 'r1', text: 'Grüße 世界 🎬 <&>"', outputs: [{ key: 'a b.mp4', size: 1 }], none: null };
      await bus.put(event('e1', detail));
      expect(await told(1)).toMatchObject([
        { type: 'Run Delivered', time: '2026-03-04T05:06:07.000Z', detail: { id: 'e1', ...detail } },
      ]);
    });

    check('takes any number of events, and none', async () => {
      const { bus, told } = await open();
      const ids = Array.from({ length: 23 }, (_, n) => `e${n}`);
      await bus.put();
      await bus.put(...ids.map((id) => event(id)));
      expect((await told(23)).map(({ detail }) => (detail as { id: string }).id).sort()).toEqual(ids.sort());
    });

    check('takes events that together are larger than one request', async () => {
      const { bus, told } = await open();
      await bus.put(...['a', 'b', 'c'].map((id) => event(id, { text: 'x'.repeat(150 * 1024) })));
      expect(await told(3)).toHaveLength(3);
    });

    check('refuses an event that is too large or has no details, before any is taken', async () => {
      const { bus, told } = await open();
      const large = event('large', { text: 'x'.repeat(256 * 1024) });
      await expect(bus.put(event('small'), large)).rejects.toThrow(InvalidInput);
      await expect(bus.put({ ...event('text'), detail: 'words' })).rejects.toThrow(InvalidInput);
      await bus.put(event('last'));
      expect(await told(1)).toMatchObject([{ detail: { id: 'last' } }]);
    });
  });
}
