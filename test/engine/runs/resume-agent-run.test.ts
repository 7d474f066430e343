import fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import { runKey, sourceKey } from '../../../shared/engine/runs/agent-run-items.ts';
import { cancelAgentRun } from '../../../shared/engine/runs/cancel-agent-run.ts';
import { resumeAgentRun } from '../../../shared/engine/runs/resume-agent-run.ts';
import type { Edited, EditJob } from '../../../shared/engine/work/edit.ts';
import { InvalidInput } from '../../../shared/errors.ts';
import { agentRunResumedSchema } from '../../../shared/mosaic/schemas.ts';
import type { Queue } from '../../../shared/platform/ports.ts';
import { copyEdit, makeAgent, nodeTypes, openWorld, type World } from '../engine-world.ts';
import { dyingWorker } from '../work/dying-worker.ts';

let world: World;
let isBroken: boolean;
let edited: string[];
afterEach(() => world.close());

async function open(edit: (job: EditJob) => Promise<Edited> = copyEdit, changes = {}) {
  isBroken = true;
  edited = [];
  world = await openWorld({
    edit: async (job) => {
      if (isBroken) throw new InvalidInput(`${job.inputName} cannot be edited today`);
      edited.push(job.inputName ?? '');
      return edit(job);
    },
    ...changes,
  });
}

async function startRun(videos = 1) {
  const { agentId } = await makeAgent(world, [nodeTypes.reframe, nodeTypes.mirror]);
  const video_urls: string[] = [];
  for (let made = 0; made < videos; made += 1) video_urls.push(await world.upload(`${made}.mp4`, `video ${made}`));
  const callback_url = `${world.baseUrl}/callback`;
  return (await world.call('POST', `/agent/${agentId}/run`, { video_urls, callback_url })).body.run_id as string;
}

const gate = () => {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open, opened };
};

const report = async (runId: string) => (await world.call('GET', `/agent_run/${runId}`)).body;
const resume = (runId: string) => world.call('POST', `/agent_run/${runId}/resume`);
const flags = () => world.calls.map(({ event }) => `${event.flag} ${event.status}`);
const ends = () => flags().filter((flag) => flag.startsWith('RUN_FINISHED'));

test('a failed run goes on when it is resumed, and tells so, and its new end', async () => {
  await open();
  const runId = await startRun(2);
  await world.drain();
  expect(await report(runId)).toMatchObject({ status: 'failed', outputs: [] });
  isBroken = false;
  const { status, body } = await resume(runId);
  expect(status).toBe(200);
  expect(agentRunResumedSchema.parse(body)).toMatchObject({ run_id: runId, nodes_queued: 2, nodes_considered: 3 });
  const { status: now, status_message, errors, progress } = await report(runId);
  expect({ now, status_message, errors, progress }).toEqual({
    ...{ now: 'running', status_message: null, errors: [], progress: 0 },
  });
  await world.drain();
  expect(await report(runId)).toMatchObject({ status: 'completed', outputs: [{}, {}], progress: 1 });
  expect(flags().filter((flag) => flag === 'RUN_STARTED running')).toHaveLength(2);
  expect(ends()).toEqual(['RUN_FINISHED failed', 'RUN_FINISHED completed']);
});

test('a cancelled run keeps what it had made and makes the rest', async () => {
  await open(async (job) => {
    if (edited.length === 2) await world.call('POST', `/agent_run/${runId}/cancel`);
    return copyEdit(job);
  });
  isBroken = false;
  const runId = await startRun(3);
  await world.drain();
  const before = await report(runId);
  expect(before).toMatchObject({ status: 'cancelled', outputs: [{}] });
  await resume(runId);
  await world.drain();
  const after = await report(runId);
  expect(after).toMatchObject({ status: 'completed', outputs: [{}, {}, {}] });
  expect(after.outputs).toContainEqual(expect.objectContaining({ completed_at: before.outputs[0].completed_at }));
  expect(edited.filter((name) => name === edited[0])).toHaveLength(1);
});

test('of several that resume a run at once one is answered, and the work is done once', async () => {
  await open();
  const runId = await startRun();
  await world.drain();
  isBroken = false;
  const replies = await Promise.all([1, 2, 3].map(() => resume(runId)));
  expect(replies.map(({ status }) => status).sort()).toEqual([200, 409, 409]);
  await world.drain();
  expect(edited).toHaveLength(1);
  expect(ends()).toEqual(['RUN_FINISHED failed', 'RUN_FINISHED completed']);
});

test.each([
  ['is under way', false, /is running; only one that failed or was cancelled/],
  ['is completed', true, /is completed; only one that failed or was cancelled/],
])('a run that %s is not resumed, and is told why', async (_what, drained, detail) => {
  await open();
  isBroken = false;
  const runId = await startRun();
  if (drained) await world.drain();
  expect(await resume(runId)).toMatchObject({
    ...{ status: 409, body: { error: 'conflict', detail: expect.stringMatching(detail) } },
  });
});

test('a run that does not exist cannot be resumed', async () => {
  await open();
  expect((await resume('00000000-0000-4000-8000-000000000000')).status).toBe(404);
});

test('a run that ended in part is not resumed: it needs a new one', async () => {
  await open(async (job) => {
    if (job.inputName === '1.mp4') throw new InvalidInput('1.mp4 is cut off');
    return copyEdit(job);
  });
  isBroken = false;
  const runId = await startRun(2);
  await world.drain();
  expect(await resume(runId)).toMatchObject({
    status: 409,
    body: { detail: expect.stringMatching(/partial_complete/) },
  });
});

test('links are kept while their run can be resumed, for as long as they live, and not after', async () => {
  await open();
  const [failed, done] = [await startRun(), await startRun()];
  await world.drain();
  isBroken = false;
  await resume(done);
  await world.drain();
  expect(await world.deps.table.get(sourceKey(done, 0))).toBeUndefined();
  expect((await world.deps.table.get(sourceKey(failed, 0)))?.expiresAt).toBeGreaterThan(Date.now() / 1000);
  // The store takes its time with what has expired.
  await world.deps.table.write({ update: sourceKey(failed, 0), set: { expiresAt: 1 } });
  expect(await resume(failed)).toMatchObject({
    status: 409,
    body: { detail: expect.stringMatching(/too old.*new run/) },
  });
});

test('a resume that died before it had queued the work is made good by whoever looks at the run', async () => {
  await open();
  const runId = await startRun();
  await world.drain();
  isBroken = false;
  const broken: Queue = { ...world.deps.queue, send: () => Promise.reject(new Error('the process died')) };
  await expect(resumeAgentRun({ ...world.deps, queue: broken }, runId)).rejects.toThrow('died');
  await world.deps.table.write({
    update: runKey(runId),
    set: { createdAt: new Date(Date.now() - 3_600_000).toISOString() },
  });
  expect(await report(runId)).toMatchObject({ status: 'running' });
  await world.drain();
  expect(await report(runId)).toMatchObject({ status: 'completed' });
});

test('a worker from before a cancel and a resume records nothing, and its message is no second task', async () => {
  const begun = gate();
  const release = gate();
  await open(
    async (job) => {
      if (edited.length > 1) return copyEdit(job);
      begun.open();
      await release.opened;
      return copyEdit(job);
    },
    { trackEveryMs: 3_600_000 },
  );
  isBroken = false;
  const runId = await startRun();
  const messages = await world.deps.queue.receive({ max: 10, visibilitySeconds: 600 });
  const old = messages.find(({ body }) => body.includes('"render"'));
  if (old === undefined) throw new Error('There is no render in the queue.');
  const late = world.deliver(old);
  await begun.opened;
  await cancelAgentRun(world.deps, runId);
  await resume(runId);
  release.open();
  expect((await late).batchItemFailures).toEqual([]);
  // Also when the queue hands it out again.
  await world.deliver({ ...old, receiveCount: 2 });
  expect(await report(runId)).toMatchObject({ status: 'running', outputs: [] });
  await world.drain();
  expect(await report(runId)).toMatchObject({ status: 'completed', outputs: [{}] });
  expect(edited).toHaveLength(2);
});

test('a cancel that is slow does not cancel what a resume has queued meanwhile', async () => {
  await open();
  isBroken = false;
  const runId = await startRun();
  const { table } = world.deps;
  const slow: typeof table.write = async (...writes) => {
    const isRender = JSON.stringify(writes).includes('RENDER#');
    if (isRender) await resume(runId);
    return table.write(...writes);
  };
  await cancelAgentRun({ ...world.deps, table: { ...table, write: slow } }, runId);
  await world.drain();
  expect(await report(runId)).toMatchObject({ status: 'completed', outputs: [{}] });
});

test('an ending that is being told while its run is resumed does not keep the next ending from being told', async () => {
  let isResuming = false;
  await open(copyEdit, {
    webhookSecret: async () => {
      const isEnd = (await report(runId)).status === 'failed';
      if (isEnd && !isResuming) {
        isResuming = true;
        isBroken = false;
        await resume(runId);
      }
      return 'whsk_test';
    },
  });
  const runId = await startRun();
  await world.drain();
  expect(await report(runId)).toMatchObject({ status: 'completed' });
  expect(ends()).toEqual(['RUN_FINISHED failed', 'RUN_FINISHED completed']);
});

test('however workers die around cancels and resumes, the run ends with each output once, and its end is told', async () => {
  const step = fc.oneof(
    { weight: 3, arbitrary: fc.record({ fatal: fc.option(fc.integer({ min: 1, max: 18 }), { nil: undefined }) }) },
    { weight: 1, arbitrary: fc.constantFrom('cancel' as const, 'resume' as const) },
  );
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 3 }), fc.array(step, { maxLength: 14 }), async (videos, steps) => {
      const inner = await openWorld({ edit: copyEdit, renderTries: 100, trackEveryMs: 3_600_000 });
      world = inner;
      try {
        const runId = await startRun(videos);
        for (const step of steps) {
          if (typeof step === 'string') {
            await inner.call('POST', `/agent_run/${runId}/${step}`);
            continue;
          }
          const [message] = await inner.deps.queue.receive({ max: 1, visibilitySeconds: 600 });
          if (message === undefined) continue;
          const isDone = await dyingWorker(inner, step.fatal)(message);
          await (isDone ? inner.deps.queue.done(message.receipt) : inner.deps.queue.extend(message.receipt, 0));
        }
        await inner.drain();
        if ((await report(runId)).status === 'cancelled') await resume(runId);
        await inner.drain();
        const { status, outputs } = await report(runId);
        const ids = new Set(outputs.map(({ id }: { id: string }) => id));
        expect({ status, ids: ids.size, outputs: outputs.length }).toEqual({
          ...{ status: 'completed', ids: videos, outputs: videos },
        });
        expect(ends().at(-1)).toBe('RUN_FINISHED completed');
      } finally {
        await inner.close();
      }
    }),
    { numRuns: 12, examples: [[1, [{ fatal: undefined }, { fatal: 9 }, 'cancel' as const]]] },
  );
  await open();
});
