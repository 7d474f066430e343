import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { editVideo, type MeasurementCache } from '../../shared/engine/edit.ts';
import { probe } from '../../shared/engine/media/probe.ts';
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
