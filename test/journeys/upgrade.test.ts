import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Item } from '../../shared/platform/ports.ts';
import { redeliverRun } from '../../shared/runs/operate/redeliver-run.ts';
import type { Run } from '../../shared/runs/run/run.ts';
import { type FileServer, serveFile, smallMp4 } from '../support/file-server.ts';
import { type PipelineWorld, pipelineWorld } from '../support/pipeline-world.ts';
import type { ScriptedRun } from '../support/scripted-mosaic.ts';
import { noticing } from './notices-world.ts';

/**
 * What the first release left in its table, buckets and queues: written by its own doors, with runs in every state that
 * lasts, one output of two copied, one published by a worker that died before it noted so, and one half sent in parts.
 */
interface Left {
  readonly items: readonly Item[];
  readonly uploads: readonly { key: string; versionId: string }[];
  readonly deliveries: readonly {
    key: string;
    size: number;
    contentType: string;
    metadata: Record<string, string>;
  }[];
  readonly agentRuns: readonly ScriptedRun[];
  readonly messages: Readonly<Record<'starts' | 'settles' | 'copies', readonly { runId: string }[]>>;
}
const written = readFileSync(new URL('../fixtures/records-of-first-release.json', import.meta.url), 'utf8');
const cameras = {
  groupBy: '{folder}',
  members: [
    { suffix: '-cam1.mp4', nodeId: 'node-1' },
    { suffix: '-cam2.mp4', nodeId: 'node-2' },
  ],
};
const rules = {
  rules: [
    { id: 'shoot', prefix: 'shoot/', agentId: 'agent-2', start: cameras },
    { id: 'cut', prefix: 'in/', agentId: 'agent-1' },
  ],
};
/** As large as the one that was half sent. */
const video = smallMp4(20 * 1024 * 1024);

let small: FileServer;
let large: FileServer;
let world: PipelineWorld;
let notices: ReturnType<typeof noticing>;

beforeAll(async () => {
  [small, large] = await Promise.all([serveFile(), serveFile(video)]);
});
afterAll(() => Promise.all([small.close(), large.close()]));
beforeEach(() => upgrade(small));
afterEach(() => world.close());

/** This version's doors on what the other one left. */
async function upgrade(outputs: FileServer): Promise<void> {
  notices = noticing();
  world = notices.join(pipelineWorld({ outputs, rules, slots: 3, wrap: notices.wrap }));
  let text = written;
  for (const { key, versionId } of (JSON.parse(written) as Left).uploads) {
    await world.upload(key);
    text = text.replaceAll(versionId, (await world.uploads.head(key))?.versionId ?? 'none');
  }
  const left: Left = JSON.parse(text);
  for (const put of left.items) await world.runs.write({ put });
  for (const { key, size, contentType, metadata } of left.deliveries)
    await world.deliveries.put(key, smallMp4(size), { contentType, metadata });
  for (const run of left.agentRuns) {
    const made = run.report.outputs.map((output) => ({
      ...output,
      videoUrl: `${outputs.url}/${output.id}?signature=secret`,
    }));
    world.script.runs.set(run.agentRunId, { ...run, report: { ...run.report, outputs: made } });
  }
  await world.startQueue.send(...left.messages.starts.map((body) => ({ body })));
  await world.settleQueue.send(...left.messages.settles.map((body) => ({ body })));
  await world.copyQueue.send(...left.messages.copies.map((body) => ({ body })));
}

/** Lets time pass until the run has ended. */
async function ended(key: string): Promise<Run> {
  for (let minutes = 0; minutes <= 120; minutes += 5) {
    await world.deliverAll();
    await world.drain();
    const run = await world.runOf(key);
    if (['delivered', 'failed', 'cancelled', 'rejected'].includes(run.status)) return run;
    world.jump(300);
    await world.reconcile();
  }
  return world.runOf(key);
}

const manifestOf = async (run: Run) =>
  JSON.parse(await world.textAt(run.status === 'delivered' ? run.manifestKey : ''));
const starts = () => world.script.calls.filter((call) => call === 'start').length;

describe('After an upgrade from the first release', () => {
  test('a run of which one output was copied gets the other, and names both', async () => {
    const run = await ended('in/half.mp4');
    expect(run).toMatchObject({ status: 'delivered', partial: false, outputCount: 2 });
    const { outputs } = await manifestOf(run);
    expect(outputs).toMatchObject([
      {
        outputId: 'output-1',
        kind: 'video',
        checksum: { algorithm: 'crc32', value: expect.stringMatching(/^\w{8}$/) },
      },
      { outputId: 'output-2', kind: 'video', checksum: { algorithm: 'crc32c' } },
    ]);
  });

  test('an output that was published and not noted is taken as it is', async () => {
    const before = (JSON.parse(written) as Left).deliveries.find(({ key }) => key.startsWith('in/published/'));
    const { versionId } = (await world.deliveries.head(before?.key ?? '')) ?? {};
    const run = await ended('in/published.mp4');
    expect(run).toMatchObject({ status: 'delivered', outputCount: 1 });
    expect((await manifestOf(run)).outputs).toMatchObject([{ key: before?.key, versionId, size: before?.size }]);
  });

  test('a copy that was half sent begins anew, for the parts have no checksum that it could end with', async () => {
    world.close();
    await upgrade(large);
    const run = await ended('in/parts.mp4');
    expect(run).toMatchObject({ status: 'delivered', outputCount: 1 });
    const [output] = (await manifestOf(run)).outputs;
    expect(output).toMatchObject({ size: video.byteLength, checksum: { algorithm: 'crc32c' } });
    expect(await world.deliveries.head(output.key)).toMatchObject({ size: video.byteLength });
  });

  test('runs under way are followed to their end and told of, each paid for once', async () => {
    for (const key of ['in/running.mp4', 'in/running-2.mp4', 'in/uncertain.mp4'])
      world.script.finish(world.agentRunOf(await world.runOf(key)));
    for (const key of ['in/running.mp4', 'in/running-2.mp4', 'in/uncertain.mp4'])
      expect(await ended(key)).toMatchObject({ status: 'delivered' });
    expect(starts()).toBe(1);
    expect(await notices.tell()).toBe(0);
    const told = world.platform
      .events()
      .map(({ type, detail }) => [type, (detail as { input: { key: string } }).input.key]);
    expect(told).toContainEqual(['Run Delivered', 'in/running.mp4']);
    expect(told).toContainEqual(['Run Delivered', 'in/uncertain.mp4']);
  });

  test('what waited for a slot starts when one is free', async () => {
    for (const key of ['in/running.mp4', 'in/uncertain.mp4'])
      world.script.finish(world.agentRunOf(await world.runOf(key)));
    await ended('in/uncertain.mp4');
    expect(await world.runOf('in/waiting.mp4')).toMatchObject({ status: 'running' });
    world.script.finish(world.agentRunOf(await world.runOf('in/waiting.mp4')));
    expect(await ended('in/waiting.mp4')).toMatchObject({ status: 'delivered' });
  });

  test('a group that was gathering takes its last member and starts once', async () => {
    await world.upload('shoot/day1/a-cam2.mp4');
    world.script.finish(world.agentRunOf(await world.runOf('in/running.mp4')));
    await ended('in/running.mp4');
    const run = await world.runOf('shoot/day1/a-cam1.mp4');
    expect(run).toMatchObject({ input: { kind: 'objects', objects: [{ nodeId: 'node-1' }, { nodeId: 'node-2' }] } });
    expect(['waiting', 'running']).toContain(run.status);
  });

  test('what had ended stays ended, and says why nothing of it can be delivered anew', async () => {
    const before = await Promise.all(['in/delivered.mp4', 'in/failed.mp4'].map(world.runOf));
    await world.drain();
    await world.reconcile();
    await world.drain();
    expect(await Promise.all(['in/delivered.mp4', 'in/failed.mp4'].map(world.runOf))).toEqual(before);
    for (const { id } of before) await expect(redeliverRun(world.deps, id)).rejects.toThrow('retry it.');
  });
});
