import { readFile } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { changingSoundClip, resizedClip, soundlessClip, stillScreenClip, talkingClip } from '../support/clips.ts';
import { type FileServer, serveFile } from '../support/file-server.ts';
import { type PipelineWorld, pipelineWorld } from '../support/pipeline-world.ts';

let outputs: FileServer;
let world: PipelineWorld;

beforeAll(async () => {
  outputs = await serveFile();
});
afterAll(() => outputs.close());
beforeEach(() => {
  const rule = {
    prefix: 'in/',
    agentId: 'agent-1',
    filter: { audioTrack: true, minSeconds: 3, unmeasurable: 'reject' },
  };
  const rules = { budget: { perDay: 5, currency: 'EUR' }, rules: [{ ...rule, rate: { perMinute: 3 } }] };
  world = pipelineWorld({ outputs, rules });
});
afterEach(() => world.close());

const landed = async (key: string, bytes: Uint8Array) => {
  await world.uploads.put(key, bytes);
  await world.drain();
  return world.runOf(key);
};

const asQuickTime = (bytes: Buffer): Buffer => {
  const movie = Buffer.from(bytes);
  movie.write('qt  ', 8, 'latin1');
  return movie;
};

describe('a real video', () => {
  test('is measured before it is paid for, whatever it is called, and its price follows from its length', async () => {
    const run = await landed('in/talking.txt', await readFile(await talkingClip()));
    expect(run).toMatchObject({
      status: 'running',
      media: { container: 'mp4', seconds: 4, width: 320, height: 180, videoTracks: 1, audioTracks: 1 },
      estimate: { amount: 0.2, currency: 'EUR' },
    });
  });

  test('may be QuickTime or Matroska as well', async () => {
    const movie = await landed('in/a.mp4', asQuickTime(await readFile(await talkingClip())));
    expect(movie).toMatchObject({ status: 'running', media: { container: 'mov', seconds: 4 } });
    const still = await landed('in/b.mp4', await readFile(await stillScreenClip()));
    expect(still).toMatchObject({ status: 'running', media: { container: 'mkv', seconds: 4.001 } });
  });

  test.each([
    ['a soundless one', soundlessClip, 'it lasts 2 s, less than the 3 s'],
    ['a short WebM', resizedClip, 'it lasts 2 s, less than the 3 s'],
    ['a short transport stream', changingSoundClip, 'it lasts 1.9 s, less than the 3 s'],
  ])('is refused where the rule does not want it: %s', async (_name, clip, words) => {
    const run = await landed('in/a.mp4', await readFile(await clip()));
    expect(run).toMatchObject({ status: 'rejected', reason: expect.stringContaining(words) });
    expect(world.script.calls).toEqual([]);
  });

  test('of which the index is missing is refused where the rule takes only what can be measured', async () => {
    const whole = await readFile(await talkingClip());
    const run = await landed('in/a.mp4', whole.subarray(0, whole.indexOf('moov') - 4));
    expect(run).toMatchObject({ status: 'rejected', reason: expect.stringContaining('cannot be measured') });
  });
});
