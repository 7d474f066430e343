import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Bucket } from '../../shared/platform/ports.ts';
import { findRun } from '../../shared/runs/operate/find-runs.ts';
import { runKey } from '../../shared/runs/run/run-items.ts';
import { type FileServer, serveFile } from '../support/file-server.ts';
import { type PipelineWorld, type Ports, pipelineWorld, tinyVideo } from '../support/pipeline-world.ts';

let outputs: FileServer;
let world: PipelineWorld;

beforeAll(async () => {
  outputs = await serveFile();
});
afterAll(() => outputs.close());
afterEach(() => world.close());

const open = (rule: object, uploads: (real: Bucket) => Partial<Bucket> = () => ({})) =>
  openWith({ rules: [{ id: 'shoot', prefix: 'in/', agentId: 'agent-1', ...rule }] }, uploads);

const openWith = (rules: object, uploads: (real: Bucket) => Partial<Bucket> = () => ({})) => {
  world = pipelineWorld({
    outputs,
    rules,
    wrap: (ports: Ports) => ({ ...ports, uploads: { ...ports.uploads, ...uploads(ports.uploads) } }),
  });
};

const put = async (key: string, body: string = tinyVideo, metadata: Record<string, string> = {}) => {
  await world.uploads.put(key, body, { metadata });
  await world.drain();
  world.jump(1);
};
const quarters = async (count: number) => {
  for (let quarter = 0; quarter < count; quarter += 1) {
    world.jump(900);
    await world.reconcile();
    await world.drain();
  }
};
const inputKeys = async (key: string) => {
  const { input } = await world.runOf(key);
  return input?.kind === 'objects' ? input.objects.map((object) => object.key) : undefined;
};

const cameras = {
  start: {
    groupBy: '{folder}',
    members: [
      { suffix: '-cam1.mp4', nodeId: 'node-1' },
      { suffix: '-cam2.mp4', nodeId: 'node-2' },
      { suffix: '.wav.mp4', nodeId: 'node-3' },
    ],
  },
};

describe('a group', () => {
  test('starts one run when its last member comes, in the rule’s order, whatever came first', async () => {
    open(cameras);
    await put('in/day1/b.WAV.mp4');
    await put('in/day1/a-cam2.mp4');
    expect(await world.runOf('in/day1/b.WAV.mp4')).toMatchObject({ status: 'gathering', group: 'shoot#in/day1' });
    expect(world.script.calls).toEqual([]);
    await put('in/day1/a-CAM1.mp4');
    const run = await world.runOf('in/day1/b.WAV.mp4');
    expect(run).toMatchObject({ status: 'running' });
    expect(run.input).toMatchObject({
      objects: [
        { key: 'in/day1/a-CAM1.mp4', nodeId: 'node-1', versionId: expect.any(String) },
        { key: 'in/day1/a-cam2.mp4', nodeId: 'node-2' },
        { key: 'in/day1/b.WAV.mp4', nodeId: 'node-3' },
      ],
    });
    expect(world.script.runs.size).toBe(1);
  });

  test('is found by the key of each member', async () => {
    open({ start: { groupBy: '{folder}', count: 2 } });
    await put('in/x/1.mp4');
    await put('in/x/2.mp4');
    const run = await world.runOf('in/x/1.mp4');
    expect((await world.runOf('in/x/2.mp4')).id).toBe(run.id);
    expect((await findRun(world.deps, 'in/x/2.mp4'))?.id).toBe(run.id);
    expect((await findRun(world.deps, 'in/x/1.mp4'))?.id).toBe(run.id);
  });

  test('counts a member once, however often it is announced, and begins no second group', async () => {
    open({ start: { groupBy: '{folder}', count: 3 } });
    for (const key of ['in/x/1.mp4', 'in/x/2.mp4']) {
      await world.uploads.put(key, tinyVideo);
      const [message] = await world.startQueue.receive({ visibilitySeconds: 0 });
      const repeats = Array.from({ length: 5 }, () => ({ body: JSON.parse(message?.body ?? '') }));
      await world.startQueue.send(...repeats);
      await Promise.all([world.drain(), world.drain(), world.drain()]);
      world.jump(120);
      await world.drain();
    }
    const gathering = await world.runOf('in/x/1.mp4');
    expect(gathering).toMatchObject({ status: 'gathering', members: [{ key: 'in/x/1.mp4' }, { key: 'in/x/2.mp4' }] });
    await put('in/x/3.mp4');
    expect(world.script.runs.size).toBe(1);
    expect(await inputKeys('in/x/1.mp4')).toEqual(['in/x/1.mp4', 'in/x/2.mp4', 'in/x/3.mp4']);
  });

  test('is collected once by many workers at the same moment', async () => {
    open({ start: { groupBy: '{folder}', count: 8 } });
    for (let index = 0; index < 8; index += 1) await world.uploads.put(`in/x/${index}.mp4`, tinyVideo);
    await Promise.all(Array.from({ length: 4 }, () => world.drain()));
    for (let round = 0; round < 10; round += 1) {
      world.jump(130);
      await world.reconcile();
      await world.drain();
    }
    expect(world.script.runs.size).toBe(1);
    expect(await inputKeys('in/x/0.mp4')).toHaveLength(8);
  });

  test('takes a member’s newer version instead of the older', async () => {
    open({ start: { groupBy: '{folder}', count: 2 } });
    await put('in/x/1.mp4');
    await put('in/x/1.mp4', `${tinyVideo}newer`);
    const newest = await world.uploads.head('in/x/1.mp4');
    expect(await world.runOf('in/x/1.mp4')).toMatchObject({
      status: 'gathering',
      members: [{ key: 'in/x/1.mp4', versionId: newest?.versionId }],
    });
    await put('in/x/2.mp4');
    const { input } = await world.runOf('in/x/2.mp4');
    expect(input).toMatchObject({ objects: [{ versionId: newest?.versionId }, {}] });
  });

  test('is not cancelled for a member’s newer version where the rule wants the newest only', async () => {
    open({ start: { groupBy: '{folder}', count: 2 }, versions: 'newest' });
    await put('in/x/1.mp4');
    await put('in/x/1.mp4', `${tinyVideo}newer`);
    await put('in/x/2.mp4');
    expect((await world.runOf('in/x/2.mp4')).status).toBe('running');
    expect(world.script.runs.size).toBe(1);
  });

  test('has one place for each ending', async () => {
    open(cameras);
    await put('in/x/a-cam1.mp4');
    await put('in/x/b-cam1.mp4');
    await put('in/x/c.mp4');
    expect(await world.runOf('in/x/b-cam1.mp4')).toMatchObject({
      status: 'ignored',
      reason: expect.stringContaining('in/x/a-cam1.mp4'),
    });
    expect(await world.runOf('in/x/c.mp4')).toMatchObject({
      status: 'ignored',
      reason: expect.stringContaining('endings'),
    });
  });

  test('is refused when its time is up, naming what is missing', async () => {
    open({ ...cameras, gatherMinutes: 30 });
    await put('in/x/a-cam1.mp4');
    await quarters(3);
    expect(await world.runOf('in/x/a-cam1.mp4')).toMatchObject({
      status: 'rejected',
      reason: expect.stringMatching(/-cam2\.mp4.*\.wav\.mp4.*did not come/),
    });
    expect(world.script.calls).toEqual([]);
    expect((await world.runs.query({ pk: 'GROUP#shoot#in/x' })).items).toEqual([]);
  });

  test('starts with what is there when its time is up, where the rule says so', async () => {
    open({ start: { groupBy: '{folder}', count: 3, incomplete: 'start' }, gatherMinutes: 30 });
    await put('in/x/1.mp4');
    await put('in/x/2.mp4');
    await quarters(3);
    expect((await world.runOf('in/x/1.mp4')).status).toBe('running');
    expect(await inputKeys('in/x/1.mp4')).toEqual(['in/x/1.mp4', 'in/x/2.mp4']);
  });

  test('takes no member that is no video, and waits for a better one', async () => {
    open({ start: { groupBy: '{folder}', count: 2 } });
    await put('in/x/1.mp4');
    await put('in/x/2.mp4', 'not a video');
    expect((await world.runOf('in/x/2.mp4')).status).toBe('rejected');
    expect((await world.runOf('in/x/1.mp4')).status).toBe('gathering');
    await put('in/x/2.mp4');
    expect((await world.runOf('in/x/2.mp4')).status).toBe('running');
  });

  test('asks for what its first member asks for', async () => {
    open({ start: { groupBy: '{folder}', count: 2 } });
    await put('in/x/2.mp4', tinyVideo, { 'tessera-priority': '1' });
    await put('in/x/1.mp4', tinyVideo, { 'tessera-priority': '8' });
    expect((await world.runOf('in/x/1.mp4')).rule.priority).toBe(8);
  });

  test('that is complete and waits for its sidecar takes no further file', async () => {
    open({ sidecar: 'required', start: { groupBy: '{folder}', count: 2 } });
    // Each has one when it comes; that of the first is gone again when all are there.
    const settings = ['in/x/1.mp4', 'in/x/2.mp4', 'in/x/3.mp4'].map((key) => `${key}.tessera.json`);
    let isGone = false;
    const head = world.deps.uploads.head;
    (world.deps.uploads as { head: Bucket['head'] }).head = async (key, options) =>
      isGone && key === settings[0] ? undefined : head(key, options);
    for (const key of settings) await put(key, '{}');
    await put('in/x/1.mp4');
    isGone = true;
    await put('in/x/2.mp4');
    await put('in/x/3.mp4');
    expect(await world.runOf('in/x/3.mp4')).toMatchObject({
      status: 'ignored',
      reason: expect.stringContaining('all of its 2 files'),
    });
    isGone = false;
    await quarters(1);
    expect(await inputKeys('in/x/1.mp4')).toEqual(['in/x/1.mp4', 'in/x/2.mp4']);
  });

  test('that cannot be used for what is asked for it does no harm to who comes next', async () => {
    open({ start: { groupBy: '{folder}', count: 2 } });
    await put('in/x/1.mp4');
    await put('in/x/1.mp4.tessera.json', 'no JSON');
    // The group becomes complete, and nobody hears of it before the next file is there.
    const send = world.deps.startQueue.send;
    (world.deps.startQueue as { send: unknown }).send = async () => {};
    await put('in/x/2.mp4');
    (world.deps.startQueue as { send: unknown }).send = send;
    await put('in/x/3.mp4');
    expect(await world.runOf('in/x/1.mp4')).toMatchObject({
      status: 'rejected',
      reason: expect.stringContaining('not JSON'),
    });
    expect(await world.runOf('in/x/3.mp4')).toMatchObject({ status: 'gathering', members: [{ key: 'in/x/3.mp4' }] });
  });

  test('comes as long a way as any of its members', async () => {
    open({ start: { groupBy: '{folder}', count: 2 } });
    const from = (hops: string) => ({ 'tessera-run-id': 'B'.repeat(24), 'tessera-hops': hops });
    await put('in/x/1.mp4', tinyVideo, from('0'));
    await put('in/x/2.mp4', tinyVideo, from('2'));
    expect(await world.runOf('in/x/1.mp4')).toMatchObject({ status: 'running', lineage: { hops: 3 } });
  });

  test('of one rule is never that of another, whatever folders and rules are called', async () => {
    const start = { groupBy: '{folder}', count: 2 };
    world = pipelineWorld({
      outputs,
      rules: {
        rules: [
          { id: 'r', prefix: 'b#', agentId: 'agent-1', start },
          { id: 'r#b', prefix: '', agentId: 'agent-2', start },
        ],
      },
    });
    await put('b#x/1.mp4');
    await put('x/2.mp4');
    await put('#x/2.mp4');
    expect(world.script.runs.size).toBe(0);
    expect((await world.runOf('b#x/1.mp4')).status).toBe('gathering');
  });

  test('is restored as a whole where its members are archived', async () => {
    let archive: 'archived' | 'restoring' | undefined = 'archived';
    const restored: string[] = [];
    open({ start: { groupBy: '{folder}', count: 2 }, restore: { days: 1, tier: 'Standard' } }, (real) => ({
      head: async (...all) => {
        const head = await real.head(...all);
        return head && { ...head, archive };
      },
      restore: async (key) => void restored.push(key),
    }));
    await put('in/x/1.mp4');
    await put('in/x/2.mp4');
    expect((await world.runOf('in/x/1.mp4')).status).toBe('restoring');
    expect(restored).toEqual(['in/x/1.mp4', 'in/x/2.mp4']);
    archive = undefined;
    await quarters(3);
    expect((await world.runOf('in/x/1.mp4')).status).toBe('running');
    expect(await inputKeys('in/x/1.mp4')).toHaveLength(2);
  });
});

describe('a manifest', () => {
  const manifest = (key: string, content: unknown) => put(key, JSON.stringify(content));

  test.each(['first', 'all'])('is paid for once, by the rule that was made for it (match %s)', async (match) => {
    const customers = { id: 'customers', pattern: 'customers/{customer}/{title}.mp4' };
    const updateParams = { node1: { title: 'for {customer}' } };
    openWith({
      match,
      rules: [
        { ...customers, agentId: 'agent-1', updateParams },
        { id: 'rest', prefix: '', exclude: ['library/**'], agentId: 'agent-1' },
        { id: 'cut-lists', prefix: 'cuts/', start: 'manifest', agentId: 'agent-1' },
      ],
    });
    await put('library/a.mp4');
    await manifest('cuts/monday.run.json', { inputs: ['/library/a.mp4'] });
    expect(await world.runOf('cuts/monday.run.json')).toMatchObject({ rule: { id: 'cut-lists' }, status: 'running' });
    expect(world.script.runs.size).toBe(1);
    await manifest('customers/acme/monday.run.json', { inputs: ['/library/a.mp4'] });
    expect(await world.runOf('customers/acme/monday.run.json')).toMatchObject({
      rule: { id: 'customers', updateParams: { node1: { title: 'for acme' } } },
    });
  });

  test('starts one run of all its inputs, named from its folder or from the root', async () => {
    open({ start: 'manifest', suffixes: ['.mp4'] });
    await put('in/x/a.mp4');
    await put('elsewhere/b +é.mp4');
    await manifest('in/x/show.run.json', {
      inputs: [
        { key: 'a.mp4', node: 'node-1' },
        { key: '/elsewhere/b +é.mp4', node: 'node-2' },
      ],
      updateParams: { 'node-1': { title: 'hello' } },
      priority: 8,
      data: { show: 7 },
    });
    const run = await world.runOf('in/x/show.run.json');
    expect(run).toMatchObject({
      status: 'running',
      rule: { priority: 8, updateParams: { 'node-1': { title: 'hello' } }, data: { show: 7 } },
      input: {
        objects: [
          { key: 'in/x/a.mp4', nodeId: 'node-1' },
          { key: 'elsewhere/b +é.mp4', nodeId: 'node-2' },
        ],
      },
    });
    expect((await findRun(world.deps, 'elsewhere/b +é.mp4'))?.id).toBe(run.id);
    expect(world.script.runs.size).toBe(1);
    expect(await world.runOf('in/x/a.mp4')).toMatchObject({
      status: 'ignored',
      reason: expect.stringContaining('manifest'),
    });
  });

  test('waits for the inputs that are missing, one after the other', async () => {
    open({ start: 'manifest' });
    await manifest('in/show.run.json', { inputs: ['a.mp4', '/far/b.mp4'] });
    expect(await world.runOf('in/show.run.json')).toMatchObject({ status: 'gathering', awaits: 'in/a.mp4' });
    await put('in/a.mp4');
    expect(await world.runOf('in/show.run.json')).toMatchObject({ status: 'gathering', awaits: 'far/b.mp4' });
    await put('far/b.mp4');
    expect((await world.runOf('in/show.run.json')).status).toBe('running');
  });

  test('is refused when its time is up, naming the input', async () => {
    open({ start: 'manifest', gatherMinutes: 30 });
    await manifest('in/show.run.json', { inputs: ['a.mp4'] });
    await quarters(3);
    expect(await world.runOf('in/show.run.json')).toMatchObject({
      status: 'rejected',
      reason: expect.stringContaining('in/a.mp4'),
    });
  });

  test.each([
    ['no list', {}, 'inputs'],
    ['an empty one', { inputs: [] }, 'inputs should be a list of 1 to 50 keys'],
    ['a step upwards', { inputs: ['../a.mp4'] }, 'inputs.0'],
    ['a field that nobody knows', { inputs: ['a.mp4'], agent: 'x' }, 'agent is no field that is known here'],
    ['a wrong priority', { inputs: ['a.mp4'], priority: 10 }, 'priority should be a whole number from 0 to 9'],
    ['a remedy of its own', { inputs: [7] }, 'Mend it and upload the manifest again.'],
    ['nodes for some only', { inputs: ['a.mp4', { key: 'b.mp4', node: 'n' }] }, '1 of 2 name a "node"'],
    ['no name at all', { inputs: ['/'] }, 'makes no key'],
    ['half a letter', { inputs: ['a\ud800.mp4'] }, 'makes no key'],
    ['a name that is too long', { inputs: ['x'.repeat(1022)] }, '1024 bytes'],
    ['too many inputs', { inputs: Array.from({ length: 51 }, (_, n) => `${n}.mp4`) }, 'inputs'],
  ])('with %s is refused, naming the fault', async (_name, content, words) => {
    open({ start: 'manifest' });
    await manifest('in/show.run.json', content);
    expect(await world.runOf('in/show.run.json')).toMatchObject({
      status: 'rejected',
      reason: expect.stringContaining(words),
    });
  });

  test('may name an input twice, but neither itself nor another manifest', async () => {
    open({ start: 'manifest' });
    await put('in/a.mp4');
    await manifest('in/twice.run.json', { inputs: ['a.mp4', 'a.mp4'] });
    expect(await inputKeys('in/twice.run.json')).toEqual(['in/a.mp4', 'in/a.mp4']);
    for (const name of ['itself', 'twice']) {
      await manifest('in/itself.run.json', { inputs: [`${name}.run.json`] });
      expect(await world.runOf('in/itself.run.json')).toMatchObject({
        status: 'rejected',
        reason: expect.stringMatching(/\.run\.json: it is text/),
      });
    }
  });

  test('of as many inputs as the API takes leads to its run from each of them', async () => {
    open({ start: 'manifest' });
    const names = Array.from({ length: 50 }, (_, n) => `${n}.mp4`);
    for (const name of names) await world.uploads.put(`in/${name}`, tinyVideo);
    await manifest('in/show.run.json', { inputs: names });
    const run = await world.runOf('in/show.run.json');
    expect(run.status).toBe('running');
    expect((await findRun(world.deps, 'in/49.mp4'))?.id).toBe(run.id);
  });

  test('is found by an input that was left alone by itself in the very same moment', async () => {
    open({ start: 'manifest' });
    // Ids are drawn by chance: of several, one would sort the other way.
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) {
      await world.uploads.put(`in/${name}.mp4`, tinyVideo);
      await world.uploads.put(`in/${name}.run.json`, JSON.stringify({ inputs: [`${name}.mp4`] }));
      await world.drain();
      const [run, input] = [await world.runOf(`in/${name}.run.json`), await world.runOf(`in/${name}.mp4`)];
      const found = (await world.deps.runs.query({ pk: `KEY#uploads/in/${name}.mp4` })).items;
      expect(input.status).toBe('ignored');
      expect(found).toHaveLength(2);
      await world.deps.runs.write({ update: runKey(input.id), set: { createdAt: run.createdAt } });
      expect((await findRun(world.deps, `in/${name}.mp4`))?.id).toBe(run.id);
    }
  });

  test('is refused for an input that is no video, naming it', async () => {
    open({ start: 'manifest' });
    await put('in/a.mp4', 'not a video');
    await manifest('in/show.run.json', { inputs: ['a.mp4'] });
    expect(await world.runOf('in/show.run.json')).toMatchObject({
      status: 'rejected',
      reason: expect.stringMatching(/in\/a\.mp4: it is text/),
    });
  });
});
