import { setTimeout as sleep } from 'node:timers/promises';
import { objectCreatedEvent } from '../../shared/platform/events.ts';
import { allItems } from '../../shared/platform/query-all.ts';
import { rulePk } from '../../shared/runs/run/run-items.ts';
import { smallMp4 } from '../support/file-server.ts';
import type { BareApi } from './bare-api.ts';
import { openBenchWorld } from './bench-world.ts';
import { now } from './clock.ts';
import { amountOf } from './short.ts';

const objects = amountOf(1000, 30);
const timesEach = 10;
const quietMs = 300;
const longestMs = 90_000;

/** Ten events for each of a thousand objects, shuffled; a tenth of the webhooks is never sent. Until nothing is open. */
export async function storm(api: BareApi) {
  const world = await openBenchWorld({ api, slots: 10, notify: false, copies: true });
  api.order({ kind: 'behave', finishes: true, drops: 0.1 });
  const started: string[] = [];
  const ended = new Map<string, string>();
  let lastAt = now();
  const stopListening = [
    api.onStarted(({ key }) => started.push(/storm-\d+/.exec(key)?.[0] ?? key)),
    world.onMove(({ runId, to, at }) => {
      lastAt = at;
      if (['delivered', 'failed', 'cancelled', 'rejected', 'ignored'].includes(to)) ended.set(runId, to);
    }),
  ];
  const events = [];
  for (let index = 0; index < objects; index += 1) {
    const key = `in/storm-${index}.mp4`;
    const stored = await world.uploads.put(key, smallMp4());
    if (stored.outcome !== 'stored') throw new Error(`${key} was not stored.`);
    const { versionId, etag, size } = stored.head;
    const time = new Date(world.clock()).toISOString();
    const event = objectCreatedEvent({ bucket: 'uploads', key, versionId, etag, size, sequencer: '01', time });
    for (let time = 0; time < timesEach; time += 1) events.push(event);
  }
  const begin = now();
  for (const batch of batches(shuffled(events), 100)) await world.startQueue.send(...batch.map((body) => ({ body })));
  while (ended.size < objects && now() - begin < longestMs) {
    await sleep(quietMs / 3);
    if (now() - lastAt < quietMs) continue;
    // All is quiet: what is left has lost its webhook, and is looked at when its time has come.
    world.forward(60);
    await world.reconcile();
    lastAt = now();
  }
  const seconds = (now() - begin) / 1000;
  let runs = 0;
  for await (const _ of allItems(world.runs, { pk: rulePk('bench') })) runs += 1;
  for (const stop of stopListening) stop();
  const { faults } = world;
  await world.close();
  const endings = [...ended.values()];
  const delivered = endings.filter((status) => status === 'delivered').length;
  return {
    events: events.length,
    runs,
    starts: started.length,
    inputs: new Set(started).size,
    delivered,
    seconds,
    faults,
  };
}

function* batches<T>(all: readonly T[], size: number): Generator<readonly T[]> {
  for (let first = 0; first < all.length; first += size) yield all.slice(first, first + size);
}

/** The same order every time. */
function shuffled<T>(values: readonly T[]): readonly T[] {
  let state = 42;
  const random = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  return values
    .map((value) => ({ value, place: random() }))
    .sort((a, b) => a.place - b.place)
    .map(({ value }) => value);
}
