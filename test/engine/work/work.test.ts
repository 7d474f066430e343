import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { engineWorkHandler } from '../../../functions/engine-work.ts';
import { renderKey } from '../../../shared/engine/runs/agent-run-items.ts';
import type { Edited, EditJob } from '../../../shared/engine/work/edit.ts';
import type { WorkDeps } from '../../../shared/engine/work/work.ts';
import { InvalidInput } from '../../../shared/errors.ts';
import type { Received } from '../../../shared/platform/ports.ts';
import { copyEdit, makeAgent, nodeTypes, openWorld, type World } from '../engine-world.ts';
import { dyingWorker } from './dying-worker.ts';

let world: World;
let edits = 0;
afterEach(() => world.close());

async function open(edit: (job: EditJob) => Promise<Edited> = copyEdit, changes: Partial<WorkDeps> = {}) {
  edits = 0;
  world = await openWorld({
    edit: (job) => {
      edits += 1;
      return edit(job);
    },
    ...changes,
  });
}

async function startRun(videos = 1, tiles = [nodeTypes.mirror]) {
  const { agentId, nodeIds } = await makeAgent(world, tiles);
  const video_urls: string[] = [];
  for (let made = 0; made < videos; made += 1) video_urls.push(await world.upload(`${made}.mp4`, `video ${made}`));
  const callback_url = `${world.baseUrl}/callback`;
  const started = await world.call('POST', `/agent/${agentId}/run`, { video_urls, callback_url });
  return { runId: started.body.run_id as string, nodeIds };
}

const report = async (runId: string) => (await world.call('GET', `/agent_run/${runId}`)).body;

/** The render message, taken as a worker takes it; the webhooks stay in the queue. */
async function takeRender(): Promise<Received> {
  const messages = await world.deps.queue.receive({ max: 10, visibilitySeconds: 600 });
  const render = messages.find(({ body }) => body.includes('"render"'));
  for (const other of messages) if (other !== render) await world.deps.queue.extend(other.receipt, 0);
  if (render === undefined) throw new Error('There is no render in the queue.');
  return render;
}

const gate = () => {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open, opened };
};

/** An edit that goes on until it is stopped, as FFmpeg does. */
const untilStopped =
  (begun: () => void) =>
  (job: EditJob): Promise<Edited> =>
    new Promise((_resolve, reject) => {
      job.signal?.addEventListener('abort', () => reject(new Error('stopped')), { once: true });
      begun();
    });

describe('a render', () => {
  test('that is finished is not done again when its message comes again', async () => {
    await open();
    const { runId } = await startRun();
    const message = await takeRender();
    await world.deliver(message);
    const [first] = (await report(runId)).outputs;
    await world.deliver({ ...message, receiveCount: 2 });
    await world.drain();
    expect(edits).toBe(1);
    expect((await report(runId)).outputs[0].completed_at).toBe(first.completed_at);
    expect(world.calls.filter(({ event }) => event.flag === 'RUN_FINISHED')).toHaveLength(1);
  });

  test('whose worker died starts over, and what the dead one makes later is not recorded', async () => {
    const first = gate();
    const release = gate();
    await open(async (job) => {
      if (edits > 1) return copyEdit(job);
      first.open();
      await release.opened;
      return copyEdit(job);
    });
    const { runId } = await startRun();
    const message = await takeRender();
    const late = world.deliver(message);
    await first.opened;
    // The heartbeat has stopped, so the queue hands the message out again.
    await world.deliver({ ...message, receiveCount: 2 });
    const done = await report(runId);
    release.open();
    const { batchItemFailures } = await late;
    expect(done).toMatchObject({ status: 'completed', outputs: [{}] });
    expect(await report(runId)).toMatchObject({ outputs: [{ completed_at: done.outputs[0].completed_at }] });
    expect([edits, batchItemFailures]).toEqual([2, []]);
  });

  test('that someone works on is left to them by a second message', async () => {
    const begun = gate();
    await open(untilStopped(begun.open));
    const { runId } = await startRun();
    const message = await takeRender();
    const working = world.deliver(message);
    await begun.opened;
    await world.deliver({ ...message, messageId: 'another', receiveCount: 1 });
    expect(edits).toBe(1);
    await world.call('POST', `/agent_run/${runId}/cancel`);
    await working;
  });

  test('is stopped by a cancel, leaves nothing behind, and its message is done', async () => {
    const begun = gate();
    await open(untilStopped(begun.open));
    const { runId } = await startRun();
    const working = world.deliver(await takeRender());
    await begun.opened;
    expect(readdirSync(world.deps.workFolder)).toHaveLength(1);
    expect((await world.call('POST', `/agent_run/${runId}/cancel`)).body).toMatchObject({ tasks_cancelled: 1 });
    expect(await working).toEqual({ batchItemFailures: [] });
    expect(readdirSync(world.deps.workFolder)).toEqual([]);
    const { nodes } = (await world.call('GET', `/agent_run/${runId}/nodes`)).body;
    expect(nodes.map(({ status }: { status: string }) => status)).toEqual(['completed', 'cancelled']);
  });

  test('is given back when the process is about to end, and is done by the next', async () => {
    const begun = gate();
    const stopping = new AbortController();
    await open(untilStopped(begun.open), { stopping: stopping.signal });
    const { runId } = await startRun();
    const message = await takeRender();
    const working = world.deliver(message);
    await begun.opened;
    stopping.abort();
    expect((await working).batchItemFailures).toEqual([{ itemIdentifier: message.messageId }]);
    expect(await report(runId)).toMatchObject({ status: 'running', errors: [] });
  });

  test('that takes too long fails, and says whether the edit or the source was too slow', async () => {
    const limits = { wallSeconds: 0.3, inputSeconds: 600, inputBytes: 1_000_000, outputBytes: 1_000_000 };
    await open(
      untilStopped(() => {}),
      { limits },
    );
    const slowEdit = await startRun();
    await world.drain();
    expect((await report(slowEdit.runId)).status_message).toMatch(/^The edit was not done within 0\.3 seconds/);

    const source = createServer((_request, response) => response.write('it begins, and then')).listen(0, '127.0.0.1');
    await once(source, 'listening');
    const host = `127.0.0.1:${(source.address() as AddressInfo).port}`;
    (world.deps.trustedHosts as string[]).push(host);
    const { agentId, nodeIds } = await makeAgent(world);
    const started = await world.call('POST', `/agent/${agentId}/run`, { video_urls: [`http://${host}/slow.mp4`] });
    await world.drain();
    source.closeAllConnections();
    source.close();
    const { status_message, errors } = await report(started.body.run_id);
    expect(status_message).toMatch(/^The video did not arrive within 0\.3 seconds/);
    expect(errors[0].original_node_id).toBe(nodeIds[0]);
    expect(readdirSync(world.deps.workFolder)).toEqual([]);
  });

  test('that cannot be done fails once, with the reason and the node', async () => {
    await open(async () => {
      throw new InvalidInput('0.mp4 has no video track');
    });
    const { runId, nodeIds } = await startRun();
    await world.drain();
    const errors = [{ original_node_id: nodeIds[1], messages: ['0.mp4 has no video track'] }];
    expect(await report(runId)).toMatchObject({ status: 'failed', status_message: '0.mp4 has no video track', errors });
    expect(edits).toBe(1);
  });

  test('that goes wrong by chance is tried again', async () => {
    await open(async (job) => {
      if (edits < 3) throw new Error('the connection was reset');
      return copyEdit(job);
    });
    const { runId } = await startRun();
    await world.drain();
    expect(await report(runId)).toMatchObject({ status: 'completed', errors: [] });
  });

  test('that goes wrong each time is given up with the last reason', async () => {
    await open(async () => {
      throw new Error('the disk is full');
    });
    const { runId } = await startRun();
    await world.drain();
    expect(edits).toBe(4);
    expect(await report(runId)).toMatchObject({ status: 'failed', status_message: 'the disk is full' });
  });

  test('that kills its worker each time is given up without another try', async () => {
    await open();
    const { runId } = await startRun();
    await world.deliver({ ...(await takeRender()), receiveCount: 5 });
    expect(edits).toBe(0);
    expect(await report(runId)).toMatchObject({
      status: 'failed',
      status_message: expect.stringMatching(/begun 4 times/),
    });
  });

  test('fails at its Video Input when the video is gone by then', async () => {
    await open();
    const { agentId, nodeIds } = await makeAgent(world);
    const source = await world.platform.bucket('media').put('x.mp4', 'video');
    const versionId = source.outcome === 'stored' ? source.head.versionId : '';
    const { url: link } = await world.platform.bucket('media').link('x.mp4', { versionId, expiresInSeconds: 600 });
    const { run_id } = (await world.call('POST', `/agent/${agentId}/run`, { video_urls: [link] })).body;
    // The same link with a signature that no longer holds: what an expired one looks like.
    const item = { pk: `RUN#${run_id}`, sk: 'INPUT#0000' };
    await world.deps.table.write({ update: item, set: { source: { kind: 'link', url: `${link}x` } } });
    await world.drain();
    const { status_message, errors } = await report(run_id);
    expect(status_message).toMatch(/x\.mp4: the input link had expired \(it answers 403\)/);
    expect(status_message).not.toContain('signature');
    expect(errors[0].original_node_id).toBe(nodeIds[0]);
    const { nodes } = (await world.call('GET', `/agent_run/${run_id}/nodes`)).body;
    expect(nodes.map(({ status }: { status: string }) => status)).toEqual(['failed', 'blocked']);
  });

  test.each([
    [401, '', /the input link had expired \(it answers 401\)/],
    [410, '', /the input link had expired \(it answers 410\)/],
    [400, '<Error><Code>ExpiredToken</Code></Error>', /the input link had expired \(it answers 400\)/],
    [400, '<Error><Code>InvalidRange</Code></Error>', /answers 400; it cannot be read/],
    [404, '', /does not exist any more/],
  ])('of a link that answered at the start, and %i %j now, says which it was', async (status, said, words) => {
    await open();
    let isOver = false;
    const source = createServer((_request, response) => {
      response.writeHead(isOver ? status : 200).end(isOver ? said : 'a video');
    }).listen(0, '127.0.0.1');
    await once(source, 'listening');
    const host = `127.0.0.1:${(source.address() as AddressInfo).port}`;
    (world.deps.trustedHosts as string[]).push(host);
    const { agentId } = await makeAgent(world);
    const link = `http://${host}/x.mp4?sig=SECRET`;
    const { run_id } = (await world.call('POST', `/agent/${agentId}/run`, { video_urls: [link] })).body;
    isOver = true;
    await world.drain();
    source.closeAllConnections();
    source.close();
    const { status: ended, status_message } = await report(run_id);
    expect(ended).toBe('failed');
    expect(status_message).toMatch(words);
    expect(JSON.stringify([status_message, world.lines])).not.toContain('SECRET');
  });

  test('of an earlier output that is no longer stored fails in words', async () => {
    await open();
    const first = await startRun();
    await world.drain();
    const [output] = (await report(first.runId)).outputs;
    const { agentId } = await makeAgent(world);
    const started = await world.call('POST', `/agent/${agentId}/run`, { node_render_ids: [output.id] });
    const gone = { kind: 'render', key: `renders/${first.runId}/${output.id}.mp4`, versionId: 'deleted' };
    const item = { pk: `RUN#${started.body.run_id}`, sk: 'INPUT#0000' };
    await world.deps.table.write({ update: item, set: { source: gone } });
    await world.drain();
    expect(await report(started.body.run_id)).toMatchObject({
      status: 'failed',
      status_message: `Output ${output.id} of an earlier run is not stored any more: make it again first.`,
    });
  });

  test('of a larger video than is taken fails, whatever the link said before', async () => {
    await open(copyEdit, { limits: { wallSeconds: 60, inputSeconds: 600, inputBytes: 5, outputBytes: 1000 } });
    const { agentId } = await makeAgent(world);
    const first = await world.call('POST', `/agent/${agentId}/run`, {
      video_urls: [await world.upload('l.mp4', '12345')],
    });
    const item = { pk: `RUN#${first.body.run_id}`, sk: 'INPUT#0000' };
    const url = await world.upload('larger.mp4', '123456');
    await world.deps.table.write({ update: item, set: { source: { kind: 'link', url } } });
    await world.drain();
    expect(await report(first.body.run_id)).toMatchObject({
      status: 'failed',
      status_message: expect.stringMatching(/larger/),
    });
  });

  test('that takes longer than a render may is stopped and says so', async () => {
    await open(
      untilStopped(() => {}),
      {
        limits: { wallSeconds: 0.05, inputSeconds: 600, inputBytes: 1000, outputBytes: 1000 },
      },
    );
    const { runId } = await startRun();
    await world.drain();
    expect(await report(runId)).toMatchObject({
      status: 'failed',
      status_message: expect.stringMatching(/within 0.05 seconds/),
    });
  });
});

describe('a run of several renders', () => {
  test('is partly complete when some fail', async () => {
    await open(async (job) => {
      if (job.inputName === '1.mp4') throw new InvalidInput('1.mp4 is cut off');
      return copyEdit(job);
    });
    const { runId, nodeIds } = await startRun(3);
    await world.drain();
    const { status, status_message, outputs, errors, node_status_counts, progress } = await report(runId);
    expect({ status, status_message, outputs: outputs.length, progress }).toEqual({
      status: 'partial_complete',
      status_message: '1 of 3 outputs failed. 1.mp4 is cut off',
      outputs: 2,
      progress: 1,
    });
    expect(errors).toEqual([{ original_node_id: nodeIds[1], messages: ['1.mp4 is cut off'] }]);
    expect(node_status_counts).toEqual({ completed: 2, in_progress: 0, failed: 0 });
    expect(world.calls.filter(({ event }) => event.flag === 'RUN_FINISHED')).toHaveLength(1);
  });

  test('shows how far it is while it goes on', async () => {
    const begun = gate();
    const release = gate();
    await open(async (job) => {
      if (edits === 2) {
        begun.open();
        await release.opened;
      }
      return copyEdit(job);
    });
    const { runId } = await startRun(2);
    await world.deliver(await takeRender());
    expect(await report(runId)).toMatchObject({ status: 'running', progress: 0.5, outputs: [{}] });
    const second = world.deliver(await takeRender());
    await begun.opened;
    release.open();
    await second;
    expect(await report(runId)).toMatchObject({ status: 'completed', progress: 1 });
  });
});

describe('a crash after any of the steps that end a run', () => {
  test.each([1, 3, 5, 7, 8, 9, 10, 11])('before query, write or send number %i still ends it, once', async (fatal) => {
    await open(copyEdit, { trackEveryMs: 3_600_000 });
    const { runId } = await startRun();
    const message = await takeRender();
    await dyingWorker(world, fatal)(message);
    // What is left of the dying worker must not look alive.
    await world.deliver({ ...message, receiveCount: 2 });
    await world.drain();
    const { status, outputs } = await report(runId);
    expect({ status, outputs: outputs.length }).toEqual({ status: 'completed', outputs: 1 });
    expect(world.calls.filter(({ event }) => event.flag === 'RUN_FINISHED').length).toBeGreaterThanOrEqual(1);
  });
});

test('a message that is no task is put aside, not tried again', async () => {
  await open();
  await world.deps.queue.send({ body: { kind: 'dance' } }, { body: { kind: 'render', agentRunId: 'gone', index: 0 } });
  await world.drain();
  expect(world.lines.filter(({ event }) => event === 'task.failed')).toHaveLength(2);
});

test('a cancel that comes as the work begins stops it all the same', async () => {
  await open();
  const { runId } = await startRun();
  const message = await takeRender();
  const { table } = world.deps;
  const isTaking = (write: unknown) => JSON.stringify(write).includes('"worker"');
  let cancelled = false;
  const handler = engineWorkHandler({
    ...world.deps,
    table: {
      ...table,
      write: async (...writes) => {
        if (!cancelled && writes.some(isTaking)) {
          cancelled = true;
          await world.call('POST', `/agent_run/${runId}/cancel`);
        }
        return table.write(...writes);
      },
    },
  });
  await handler({ Records: [world.asRecord(message)] });
  await world.drain();
  expect(edits).toBe(0);
  expect(await table.get(renderKey(runId, 0))).toMatchObject({ status: 'cancelled' });
  expect(await report(runId)).toMatchObject({ status: 'cancelled', outputs: [] });
});
