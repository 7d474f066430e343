import { randomUUID } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { probe } from '../../shared/engine/media/probe.ts';
import { editVideo, type MeasurementCache } from '../../shared/engine/work/edit.ts';
import { agentRunStatusSchema } from '../../shared/mosaic/schemas.ts';
import { clickingClip, talkingClip, testMedia } from '../support/clips.ts';
import { makeAgent, nodeTypes, openWorld, type World } from './engine-world.ts';

let world: World;
const measured: { known: boolean }[] = [];
beforeAll(async () => {
  const media = await testMedia();
  world = await openWorld({ edit: (job) => editVideo(media, { ...job, measurements: watched(job.measurements) }) });
});
afterAll(() => world.close());

/** The cache as it is, and whether it knew the answer each time that it was asked. */
const watched = (cache: MeasurementCache | undefined): MeasurementCache => ({
  get: async (key) => {
    const value = await cache?.get(key);
    measured.push({ known: value !== undefined });
    return value;
  },
  set: async (key, value) => cache?.set(key, value),
});

async function runOf(tiles: string[], name: string, bytes: Uint8Array | string) {
  const { agentId } = await makeAgent(world, tiles);
  const body = { video_urls: [await world.upload(name, bytes)] };
  const { run_id } = (await world.call('POST', `/agent/${agentId}/run`, body)).body;
  await world.drain();
  return agentRunStatusSchema.parse((await world.call('GET', `/agent_run/${run_id}`)).body);
}

test('a video goes through two tiles, and the result and its picture can be fetched', async () => {
  const clip = await readFile(await talkingClip());
  const { status, outputs } = await runOf([nodeTypes.silenceRemoval, nodeTypes.mirror], 'talk.mp4', clip);
  expect(status).toBe('completed');
  const video = Buffer.from(await (await fetch(outputs[0]?.video_url ?? '')).arrayBuffer());
  const tail = await fetch(outputs[0]?.video_url ?? '', { headers: { range: 'bytes=-16' } });
  expect(Buffer.from(await tail.arrayBuffer())).toEqual(video.subarray(-16));
  const thumbnail = Buffer.from(await (await fetch(outputs[0]?.thumbnail_url ?? '')).arrayBuffer());
  expect(thumbnail.subarray(0, 3)).toEqual(Buffer.from([0xff, 0xd8, 0xff]));

  const path = join(world.folder, 'result.mp4');
  await writeFile(path, video);
  // Two seconds of tone with a tenth on each side of each; the silence between is cut.
  const { durationSeconds } = await probe(await testMedia(), path);
  expect(durationSeconds).toBeGreaterThan(2);
  expect(durationSeconds).toBeLessThan(2.6);
});

test('several inputs reach the Video Inputs that they are for, a link and an earlier output together', async () => {
  const clip = await readFile(await talkingClip());
  const first = await runOf([nodeTypes.silenceRemoval], 'first.mp4', clip);
  const { agentId, inputs } = await twoInputAgent();
  const video_inputs = [
    { agent_node_id: inputs[0], video_urls: [await world.upload('second.mp4', clip)] },
    { agent_node_id: inputs[1], node_render_ids: [first.outputs[0]?.id] },
  ];
  const { run_id } = (await world.call('POST', `/agent/${agentId}/run`, { video_inputs })).body;
  await world.drain();
  const report = agentRunStatusSchema.parse((await world.call('GET', `/agent_run/${run_id}`)).body);
  expect({ status: report.status, outputs: report.outputs.length }).toEqual({ status: 'completed', outputs: 2 });
  const seconds = await Promise.all(report.outputs.map(({ video_url }) => lengthOf(video_url)));
  // The clip as it is, and the clip from which the silence was cut.
  expect(seconds.map(Math.round)).toEqual([await secondsOf(await talkingClip()), 2]);
});

test('several links in one start become an output each', async () => {
  const { agentId } = await makeAgent(world, [nodeTypes.mirror]);
  const clips = [await readFile(await talkingClip()), await readFile(await clickingClip())];
  const video_urls = [await world.upload('1.mp4', clips[0] ?? ''), await world.upload('2.mp4', clips[1] ?? '')];
  const { run_id } = (await world.call('POST', `/agent/${agentId}/run`, { video_urls })).body;
  await world.drain();
  const { status, inputs, outputs } = (await world.call('GET', `/agent_run/${run_id}`)).body;
  expect({ status, inputs: inputs.length, outputs: outputs.length }).toEqual({
    ...{ status: 'completed', inputs: 2, outputs: 2 },
  });
});

test('a run that failed over a broken video goes on, when resumed, from what is there by then', async () => {
  const { agentId } = await makeAgent(world, [nodeTypes.mirror]);
  await world.platform.bucket('uploads').put('mended.mp4', 'not yet a video');
  const { url } = await world.platform.bucket('uploads').link('mended.mp4', { expiresInSeconds: 600 });
  const link = url.replace(/versionId=[^&]*&?/, '');
  const { run_id } = (await world.call('POST', `/agent/${agentId}/run`, { video_urls: [link] })).body;
  await world.drain();
  expect((await world.call('GET', `/agent_run/${run_id}`)).body.status).toBe('failed');
  await world.platform.bucket('uploads').put('mended.mp4', await readFile(await clickingClip()));
  expect((await world.call('POST', `/agent_run/${run_id}/resume`)).status).toBe(200);
  await world.drain();
  expect((await world.call('GET', `/agent_run/${run_id}`)).body).toMatchObject({ status: 'completed', outputs: [{}] });
});

/** Two chains of one tile each in one agent. */
async function twoInputAgent() {
  const agentId: string = (await world.call('POST', '/agent/create', { name: 'two' })).body.agent_id;
  const node = (node_type_id: string, temp_ref_id: string) => ({ op: 'create_node', node_type_id, temp_ref_id });
  const operations = ['a', 'b'].flatMap((name) => [
    node(nodeTypes.videoInput, `in-${name}`),
    node(nodeTypes.mirror, `tile-${name}`),
    { op: 'create_connection', source_temp_ref_id: `in-${name}`, target_temp_ref_id: `tile-${name}` },
  ]);
  const { created_nodes } = (await world.call('POST', `/agent/${agentId}/update`, { operations })).body;
  const idOf = (name: string): string =>
    created_nodes.find((made: { temp_ref_id: string }) => made.temp_ref_id === name).agent_node_id;
  return { agentId, inputs: [idOf('in-a'), idOf('in-b')] };
}

async function lengthOf(link: string): Promise<number> {
  const path = join(world.folder, `${randomUUID()}.mp4`);
  await writeFile(path, Buffer.from(await (await fetch(link)).arrayBuffer()));
  return (await probe(await testMedia(), path)).durationSeconds;
}

const secondsOf = async (path: string): Promise<number> =>
  Math.round((await probe(await testMedia(), path)).durationSeconds);

test('a text file with a video’s name fails in plain words', async () => {
  const { status, status_message } = await runOf([nodeTypes.mirror], 'notes.mp4', 'just some notes\n'.repeat(100));
  expect({ status, status_message }).toEqual({
    status: 'failed',
    status_message: expect.stringMatching(/notes\.mp4.*is not a video: it is text/),
  });
});

test('what was measured of a video is known to the next run of it, whatever its name, and to no other video', async () => {
  const clip = await readFile(await clickingClip());
  const other = await readFile(await talkingClip());
  measured.length = 0;
  for (const [name, bytes] of [
    ['a.mp4', clip],
    ['b.mp4', clip],
    ['c.mp4', Buffer.concat([other, Buffer.alloc(8)])],
  ] as const)
    expect((await runOf([nodeTypes.silenceRemoval], name, bytes)).status).toBe('completed');
  expect(measured).toEqual([{ known: false }, { known: true }, { known: false }]);
});
