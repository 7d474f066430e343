import { existsSync, readdirSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { engineWorkHandler } from '../../functions/engine-work.ts';
import { copyEdit, makeAgent, openWorld, type World } from './engine-world.ts';
import { dyingWorker } from './work/dying-worker.ts';

/** One delivery: before which query, write or send the worker dies, if it does, and whether the message comes twice at once. */
interface Delivery {
  readonly fatal: number | undefined;
  readonly twice: boolean;
}

const anyDelivery: fc.Arbitrary<Delivery> = fc.record({
  fatal: fc.option(fc.integer({ min: 1, max: 18 }), { nil: undefined }),
  twice: fc.boolean(),
});

test('whatever crashes and repeats, a run ends once with each output, and its end is told', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 3 }),
      fc.array(anyDelivery, { maxLength: 12 }),
      async (videos, deliveries) => {
        const world = await openWorld({ edit: copyEdit, renderTries: 100, trackEveryMs: 3_600_000 });
        try {
          const runId = await startRun(world, videos);
          for (const delivery of deliveries) await deliverOnce(world, delivery);
          await world.drain();
          const { status, outputs } = (await world.call('GET', `/agent_run/${runId}`)).body;
          const ids = new Set(outputs.map(({ id }: { id: string }) => id));
          expect({ status, outputs: outputs.length, ids: ids.size }).toEqual({
            status: 'completed',
            outputs: videos,
            ids: videos,
          });
          const finished = world.calls.filter(({ event }) => event.flag === 'RUN_FINISHED');
          expect(finished.length).toBeGreaterThan(0);
          expect(finished.every(({ event }) => (event.outputs as unknown[]).length === videos)).toBe(true);
        } finally {
          await world.close();
        }
      },
    ),
    { numRuns: 8 },
  );
});

test('a cancel that is answered holds, whenever it comes: nothing more is made, told or left behind', async () => {
  for (let moment = 1; moment <= 14; moment += 1) {
    const world = await openWorld({ edit: copyEdit, trackEveryMs: 3_600_000 });
    try {
      const runId = await startRun(world, 2);
      let writes = 0;
      let answer: number | undefined;
      const { write } = world.deps.table;
      const cancelling: typeof write = async (...made) => {
        writes += 1;
        if (writes === moment) answer = (await world.call('POST', `/agent_run/${runId}/cancel`)).status;
        return write(...made);
      };
      for (;;) {
        const [message] = await world.deps.queue.receive({ max: 1, visibilitySeconds: 60 });
        if (message === undefined) break;
        const handler = engineWorkHandler({ ...world.deps, table: { ...world.deps.table, write: cancelling } });
        const { batchItemFailures } = await handler({ Records: [world.asRecord(message)] });
        await (batchItemFailures.length > 0
          ? world.deps.queue.extend(message.receipt, 0)
          : world.deps.queue.done(message.receipt));
      }
      const { status, node_status_counts: counts } = (await world.call('GET', `/agent_run/${runId}`)).body;
      const ends = world.calls.filter(({ event }) => event.flag === 'RUN_FINISHED').map(({ event }) => event.status);
      const expected = answer === 200 ? 'cancelled' : 'completed';
      expect({ moment, answer, status, ends: [...new Set(ends)] }).toEqual({
        ...{ moment, answer, status: expected },
        ends: [expected],
      });
      expect(counts.in_progress).toBe(0);
      expect(existsSync(world.deps.workFolder) ? readdirSync(world.deps.workFolder) : []).toEqual([]);
    } finally {
      await world.close();
    }
  }
});

async function startRun(world: World, videos: number): Promise<string> {
  const { agentId } = await makeAgent(world);
  const video_urls: string[] = [];
  for (let made = 0; made < videos; made += 1) video_urls.push(await world.upload(`${made}.mp4`, `video ${made}`));
  const callback_url = `${world.baseUrl}/callback`;
  return (await world.call('POST', `/agent/${agentId}/run`, { video_urls, callback_url })).body.run_id;
}

async function deliverOnce(world: World, { fatal, twice }: Delivery): Promise<void> {
  const [message] = await world.deps.queue.receive({ max: 1, visibilitySeconds: 600 });
  if (message === undefined) return;
  const results = await Promise.all([
    dyingWorker(world, fatal)(message),
    ...(twice ? [dyingWorker(world, undefined)({ ...message, receiveCount: message.receiveCount + 1 })] : []),
  ]);
  // As a queue does it: whoever is content deletes the message, also the copy that the other one has.
  if (results.some((isDone) => isDone)) await world.deps.queue.done(message.receipt);
  else await world.deps.queue.extend(message.receipt, 0);
}
