import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Edited, EditJob } from '../../../shared/engine/work/edit.ts';
import { InvalidInput } from '../../../shared/errors.ts';
import { webhookPayloadSchema } from '../../../shared/mosaic/schemas.ts';
import { copyEdit, makeAgent, openWorld, secret, type World } from '../engine-world.ts';

let world: World;
let edit: (job: EditJob) => Promise<Edited>;

beforeEach(async () => {
  edit = copyEdit;
  world = await openWorld({ edit: (job) => edit(job) });
});
afterEach(() => world.close());

async function startTold(name = 'a.mp4') {
  const { agentId, nodeIds } = await makeAgent(world);
  const video_urls = [await world.upload(name, 'video')];
  const callback_url = `${world.baseUrl}/callback/our-run?stage=1`;
  const { run_id } = (await world.call('POST', `/agent/${agentId}/run`, { video_urls, callback_url })).body;
  return { agentId, nodeIds, runId: run_id as string };
}

const flags = () => world.calls.map(({ event }) => event.flag);
const eventsOf = (flag: string) => world.calls.filter(({ event }) => event.flag === flag).map(({ event }) => event);

describe('webhooks', () => {
  test('tell of the start, the way and the end, with every documented field, to the URL as it was given', async () => {
    const { agentId, runId, nodeIds } = await startTold();
    await world.drain();
    for (const { event, signature, path } of world.calls) {
      webhookPayloadSchema.parse(event);
      expect(event).toMatchObject({ run_id: runId, agent_id: agentId, triggered_by: null });
      expect({ signature, path }).toEqual({ signature: secret, path: '/callback/our-run?stage=1' });
    }
    expect(eventsOf('RUN_STARTED')).toHaveLength(1);
    expect(eventsOf('RUN_FINISHED')).toHaveLength(1);
    const finished = eventsOf('RUN_FINISHED')[0] as { outputs: { video_url: string; original_node_id: string }[] };
    expect(finished).toMatchObject({ status: 'completed', needs_credits: false, errors: [] });
    expect(finished.outputs[0]?.original_node_id).toBe(nodeIds[1]);
    const video = await fetch(finished.outputs[0]?.video_url ?? '', { headers: { range: 'bytes=1-3' } });
    expect([video.status, await video.text()]).toEqual([206, 'ide']);
  });

  test('tell of progress while the run goes on, and of none once it has ended', async () => {
    const { runId } = await startTold();
    const news = { kind: 'webhook', agentRunId: runId, flag: 'RUN_PROGRESS', index: 0, attempt: 1 };
    const { queue } = world.deps;
    const render = (await queue.receive({ max: 10 })).find(({ body }) => body.includes('"render"'));
    await queue.send({ body: news });
    await world.drain();
    webhookPayloadSchema.parse(world.calls[0]?.event);
    expect(world.calls[0]?.event).toMatchObject({ flag: 'RUN_PROGRESS', status: 'running', progress: 0 });
    expect(world.calls[0]?.event.updated_nodes).toMatchObject([{ status: 'queued' }, { status: 'queued' }]);
    if (render) await world.deliver(render);
    expect(flags().at(-1)).toBe('RUN_FINISHED');
    const told = world.calls.length;
    await queue.send({ body: news });
    await world.drain();
    expect(world.calls).toHaveLength(told);
  });

  test.each([
    ['["old","new"]', 'new'],
    ['only\n', 'only'],
    ['[]', null],
  ])('are signed with the newest of the secrets in %j', async (setting, signature) => {
    Object.assign(world.deps, { webhookSecret: async () => setting });
    await startTold();
    await world.drain();
    expect(new Set(world.calls.map((call) => call.signature))).toEqual(new Set([signature]));
  });

  test('tell how far a render is while it goes on', async () => {
    const half = () => eventsOf('RUN_PROGRESS').some(({ progress }) => Number(progress) > 0.4);
    edit = async (job) => {
      job.onProgress?.(0.5);
      while (!half()) await new Promise((resolve) => setTimeout(resolve, 5));
      return copyEdit(job);
    };
    const { nodeIds } = await startTold();
    await world.drain();
    const event = eventsOf('RUN_PROGRESS').find(({ progress }) => Number(progress) > 0.4);
    expect(event).toMatchObject({ node_status_counts: { completed: 1, in_progress: 1, failed: 0 } });
    expect(event?.updated_nodes).toMatchObject([
      { original_node_id: nodeIds[0], status: 'completed' },
      { original_node_id: nodeIds[1], status: 'running' },
    ]);
  });

  test('are sent up to four times, and never change the run', async () => {
    world.answers.push(...Array(50).fill(500));
    const { runId } = await startTold();
    await world.drain();
    expect(eventsOf('RUN_STARTED')).toHaveLength(4);
    expect(eventsOf('RUN_FINISHED')).toHaveLength(4);
    expect((await world.call('GET', `/agent_run/${runId}`)).body.status).toBe('completed');
    expect(world.lines.filter(({ event }) => event === 'webhook.given-up')).not.toHaveLength(0);
  });

  test('stop being sent at the first 2xx', async () => {
    const { runId } = await startTold();
    const [started] = (await world.deps.queue.receive({ max: 10 })).filter(({ body }) => body.includes('RUN_STARTED'));
    world.answers.push(503, 302, 204);
    if (started) await world.deliver(started);
    await world.drain();
    expect(flags()).toEqual(['RUN_STARTED', 'RUN_STARTED', 'RUN_STARTED']);
    expect((await world.call('GET', `/agent_run/${runId}`)).body.status).toBe('running');
  });

  test('tell of a failure in the words that the report has', async () => {
    edit = async () => {
      throw new InvalidInput('notes.mp4 is not a video: it is text');
    };
    const { runId, nodeIds } = await startTold('notes.mp4');
    await world.drain();
    const message = 'notes.mp4 is not a video: it is text';
    const told = { status: 'failed', status_message: message, outputs: [] };
    const errors = [{ original_node_id: nodeIds[1], messages: [message] }];
    expect(eventsOf('RUN_FINISHED')).toMatchObject([{ ...told, errors }]);
    expect((await world.call('GET', `/agent_run/${runId}`)).body).toMatchObject({ ...told, errors });
  });

  test('tell of a cancelled run, once', async () => {
    const { runId } = await startTold();
    await world.call('POST', `/agent_run/${runId}/cancel`);
    await world.drain();
    await world.call('POST', `/agent_run/${runId}/cancel`);
    await world.drain();
    expect(eventsOf('RUN_FINISHED')).toMatchObject([{ status: 'cancelled', outputs: [] }]);
  });

  test('are not sent where nobody asked', async () => {
    const { agentId } = await makeAgent(world);
    await world.call('POST', `/agent/${agentId}/run`, { video_urls: [await world.upload('a.mp4', 'video')] });
    await world.drain();
    expect(world.calls).toEqual([]);
  });
});
