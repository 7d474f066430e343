import { expect, test } from 'vitest';
import { openLocal } from '../../shared/platform/local/index.ts';
import { openForTest as open, testFolder } from './open-world.ts';

const event = (id: string) => ({ id, type: 'Run Delivered', time: '2026-03-04T05:06:07.000Z', detail: { runId: id } });

test('what was told is found again by whoever opens the folder later, from any place on', async () => {
  const folder = testFolder();
  const first = openLocal({ folder });
  await first.bus().put(event('a'), event('b'));
  first.close();
  const second = open(folder);
  const [a, b] = second.events();
  expect(a).toEqual({ ...event('a'), detail: { id: 'a', runId: 'a' }, place: a?.place });
  expect(second.events({ after: a?.place ?? 0 })).toEqual([b]);
  expect(second.events({ after: b?.place ?? 0 })).toEqual([]);
  expect(second.events({ limit: 1 })).toEqual([a]);
});

test('another process that only looks sees what is told now', async () => {
  const folder = testFolder();
  const [owner, looking] = [open(folder), openLocal({ folder, own: false })];
  await owner.bus().put(event('a'));
  expect(looking.events().map(({ id }) => id)).toEqual(['a']);
  looking.close();
});

test('of very many events the newest are kept, and places go on', async () => {
  const platform = open();
  for (let n = 0; n < 6; n++) await platform.bus().put(...Array.from({ length: 1000 }, (_, at) => event(`${n}-${at}`)));
  const kept = platform.events({ limit: 10_000 });
  expect(kept).toHaveLength(5000);
  expect([kept[0]?.id, kept.at(-1)?.id]).toEqual(['1-0', '5-999']);
  const { place = 0 } = kept.at(-1) ?? {};
  await platform.bus().put(event('next'));
  expect(platform.events({ after: place }).map(({ id }) => id)).toEqual(['next']);
});
