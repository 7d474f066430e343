import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runKey } from '../../../shared/engine/runs/agent-run-items.ts';
import { startAgentRun } from '../../../shared/engine/runs/create-agent-run.ts';
import { parseTask } from '../../../shared/engine/runs/tasks.ts';
import type { EditJob } from '../../../shared/engine/work/edit.ts';
import type { Queue } from '../../../shared/platform/ports.ts';
import { copyEdit, makeAgent, nodeTypes, openWorld, type World } from '../engine-world.ts';

let world: World;
let agentId: string;
let nodeIds: string[];
const jobs: EditJob[] = [];

beforeAll(async () => {
  world = await openWorld({
    edit: (job) => {
      jobs.push(job);
      return copyEdit(job);
    },
  });
  ({ agentId, nodeIds } = await makeAgent(world, [nodeTypes.silenceRemoval, nodeTypes.mirror]));
});
afterAll(() => world.close());

const start = (body: unknown, idempotencyKey?: string, agent = agentId) =>
  world.call('POST', `/agent/${agent}/run`, body, idempotencyKey ? { 'idempotency-key': idempotencyKey } : {});
const report = async (runId: string) => (await world.call('GET', `/agent_run/${runId}`)).body;

describe('a start with an Idempotency-Key', () => {
  test('starts once, however often it is sent', async () => {
    const video_urls = [await world.upload('once.mp4', 'video')];
    const replies = await Promise.all([1, 2, 3].map(() => start({ video_urls }, 'once')));
    const again = await start({ video_urls }, 'once');
    const ids = new Set([...replies, again].map(({ body }) => body.run_id));
    expect(ids.size).toBe(1);
    const { runs } = (await world.call('GET', `/agent/${agentId}/runs`)).body;
    expect(runs).toHaveLength(1);
    await world.drain();
  });

  test('means the same file when its link is signed anew', async () => {
    const first = await start({ video_urls: [await world.upload('resigned.mp4', 'video')] }, 'resigned');
    const { url: link } = await world.platform.bucket('uploads').link('resigned.mp4', { expiresInSeconds: 999 });
    expect((await start({ video_urls: [link] }, 'resigned')).body).toEqual(first.body);
  });

  test('refuses the key for another start, and takes it for another agent', async () => {
    const video_urls = [await world.upload('a.mp4', 'video')];
    const first = await start({ video_urls }, 'mine');
    const other = await start({ video_urls: [await world.upload('b.mp4', 'video')] }, 'mine');
    expect(other).toMatchObject({ status: 422, body: { detail: expect.stringMatching(/Idempotency-Key/) } });
    const changed = await start({ video_urls, update_params: { [nodeIds[1] ?? '']: { padding_seconds: 1 } } }, 'mine');
    expect(changed.status).toBe(422);
    const { agentId: neighbour } = await makeAgent(world);
    const elsewhere = await start({ video_urls }, 'mine', neighbour);
    expect(elsewhere.status).toBe(200);
    expect(elsewhere.body.run_id).not.toBe(first.body.run_id);
  });

  test('queues the work that a crashed start did not get to', async () => {
    const video_urls = [await world.upload('crash.mp4', 'video')];
    const broken: Queue = { ...world.deps.queue, send: () => Promise.reject(new Error('the process died')) };
    const checkVideo = async () => ({
      nodeId: nodeIds[0] ?? '',
      source: { kind: 'link' as const, url: video_urls[0] ?? '' },
    });
    const apiKeyId = (await world.call('GET', '/whoami')).body.api_key_id;
    const caller = { apiKeyId, idempotencyKey: 'crash' };
    await expect(
      startAgentRun({ ...world.deps, queue: broken, checkVideo }, agentId, { video_urls }, caller),
    ).rejects.toThrow();
    await world.drain();

    const { run_id } = (await start({ video_urls }, 'crash')).body;
    expect(await report(run_id)).toMatchObject({ status: 'running' });
    await world.drain();
    expect(await report(run_id)).toMatchObject({ status: 'completed' });
  });
});

test('a run whose start died unseen is put to work by whoever looks at it later', async () => {
  const { run_id } = (await start({ video_urls: [await world.upload('lost.mp4', 'video')] })).body;
  for (const message of await world.deps.queue.receive({ max: 10 })) await world.deps.queue.done(message.receipt);
  const createdAt = new Date(Date.now() - 3_600_000).toISOString();
  await world.deps.table.write({ update: runKey(run_id), set: { queued: false, createdAt } });
  await report(run_id);
  await world.drain();
  expect(await report(run_id)).toMatchObject({ status: 'completed' });
});

test('parameters of the start reach the edit, in the order of the chain', async () => {
  const update_params = { [nodeIds[1] ?? '']: { padding_seconds: 0.3 } };
  await start({ video_urls: [await world.upload('My clip.mp4', 'video')], update_params });
  await world.drain();
  expect(jobs.at(-1)).toMatchObject({
    inputName: 'My clip.mp4',
    chain: [
      { nodeTypeId: nodeTypes.videoInput, parameters: {} },
      { nodeTypeId: nodeTypes.silenceRemoval, parameters: { padding_seconds: 0.3 } },
      { nodeTypeId: nodeTypes.mirror, parameters: {} },
    ],
  });
});

test('an output of one run can be the video of the next', async () => {
  const first = (await start({ video_urls: [await world.upload('chain.mp4', 'the bytes')] })).body.run_id;
  await world.drain();
  const [output] = (await report(first)).outputs;
  const second = (await start({ node_render_ids: [output.id] })).body.run_id;
  await world.drain();
  const { status, inputs, outputs } = await report(second);
  expect(status).toBe('completed');
  expect(await (await fetch(inputs[0].video_url)).text()).toBe('the bytes');
  expect(await (await fetch(outputs[0].video_url)).text()).toBe('the bytes');
});

test.each([
  ['of no run', ['00000000-0000-4000-8000-000000000000'], /no finished output 00000000/],
  ['that is a path', ['../../etc/passwd'], /no finished output/],
  ['without end', ['x'.repeat(3000)], /no finished output x{64}\./],
  ['of two, one of none', ['known', 'unknown'], /no finished output unknown/],
])('a render id %s is refused by name', async (_what, ids, detail) => {
  const run = (await start({ video_urls: [await world.upload('known.mp4', 'video')] })).body.run_id;
  await world.drain();
  const known: string = (await report(run)).outputs[0].id;
  const reply = await start({ node_render_ids: ids.map((id) => (id === 'known' ? known : id)) });
  expect(reply).toMatchObject({ status: 400, body: { detail: expect.stringMatching(detail) } });
});

test('the signed link is shown to nobody and is forgotten when the run ends', async () => {
  const link = await world.upload('secret.mp4', 'video');
  const signature = new URL(link).searchParams.get('signature') ?? 'none';
  const callback_url = `${world.baseUrl}/callback/secret`;
  const { run_id } = (await start({ video_urls: [link], callback_url })).body;
  expect(JSON.stringify(await report(run_id))).not.toContain(signature);
  await world.drain();
  const { items } = await world.deps.table.query({ pk: runKey(run_id).pk });
  expect(items.map(({ sk }) => sk)).toEqual(['RENDER#0000', 'RUN']);
  expect(JSON.stringify([items, world.calls, world.lines])).not.toContain(signature);
});

test('a task names what to do, never a link', async () => {
  await start({ video_urls: [await world.upload('task.mp4', 'video')] });
  const [message] = await world.deps.queue.receive({ max: 1 });
  expect(parseTask(message?.body ?? '')).toMatchObject({ kind: 'render', index: 0 });
  await world.deps.queue.done(message?.receipt ?? '');
});

describe('before a start is accepted its video is looked at', () => {
  test.each([
    ['expired or false signature', async () => `${await world.upload('x.mp4', 'video')}x`, 400, /answers 403/],
    ['nothing there', async () => `${world.baseUrl}/objects/uploads/none`, 400, /answers 40/],
    ['an empty file', () => world.upload('empty.mp4', ''), 400, /is empty/],
    ['nobody listening', async () => 'https://127.0.0.1:9/x.mp4', 400, /not public/],
    ['a private address', async () => 'https://10.0.0.1/x.mp4', 400, /not public/],
    ['plain http to a stranger', async () => 'http://example.com/x.mp4', 400, /not https/],
    ['a file that is too large', () => world.upload('large.mp4', 'x'.repeat(1_000_001)), 413, /1000001 bytes/],
  ])('%s', async (_what, link, status, detail) => {
    const reply = await start({ video_urls: [await link()] });
    expect(reply).toMatchObject({ status, body: { detail: expect.stringMatching(detail) } });
    expect(reply.body.detail).not.toContain('signature');
  });

  test.each([
    ['at the head', (moov: Buffer, mdat: Buffer) => [moov, mdat]],
    ['at the end', (moov: Buffer, mdat: Buffer) => [mdat, moov]],
  ])('an MP4 that says it is too long, with its index %s', async (_where, order) => {
    const long = Buffer.concat([box('ftyp', 16), ...order(moovLasting(601), box('mdat', 50_000))]);
    const reply = await start({ video_urls: [await world.upload('long.mp4', long)] });
    expect(reply).toMatchObject({
      status: 413,
      body: { detail: expect.stringMatching(/long\.mp4 is 10 min 1 s long/) },
    });
    const short = Buffer.concat([box('ftyp', 16), ...order(moovLasting(599), box('mdat', 50_000))]);
    expect((await start({ video_urls: [await world.upload('short.mp4', short)] })).status).toBe(200);
    await world.drain();
  });

  test('a server that does not know ranges is no obstacle', async () => {
    const server = createServer((_request, response) => response.end('all of it')).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    (world.deps.trustedHosts as string[]).push(host);
    const { run_id } = (await start({ video_urls: [`http://${host}/plain.mp4`] })).body;
    await world.drain();
    expect(await report(run_id)).toMatchObject({ status: 'completed' });
    server.closeAllConnections();
    server.close();
  });

  test.each([
    ['no URL', 'nonsense'],
    ['plain http to a stranger', 'http://example.com/hook'],
    ['another protocol', 'ftp://example.com/hook'],
  ])('and its callback_url: %s', async (_what, callback_url) => {
    const reply = await start({ video_urls: [await world.upload('x.mp4', 'video')], callback_url });
    expect(reply).toMatchObject({ status: 400, body: { detail: expect.stringMatching(/callback_url/) } });
  });
});

function box(type: string, size: number, body: Buffer = Buffer.alloc(size - 8)): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32BE(size, 0);
  head.write(type, 4, 'latin1');
  return Buffer.concat([head, body]);
}

function moovLasting(seconds: number): Buffer {
  const mvhd = Buffer.alloc(100);
  mvhd.writeUInt32BE(1000, 12);
  mvhd.writeUInt32BE(seconds * 1000, 16);
  return box('moov', 116, box('mvhd', 108, mvhd));
}
