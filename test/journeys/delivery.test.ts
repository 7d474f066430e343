import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MosaicError } from '../../shared/mosaic/errors.ts';
import { crc32cOf } from '../../shared/platform/crc32c.ts';
import { copyOutput } from '../../shared/runs/deliver/copy-output.ts';
import { describeRun } from '../../shared/runs/operate/describe-run.ts';
import { findRun } from '../../shared/runs/operate/find-runs.ts';
import type { Copying, Run } from '../../shared/runs/run/run.ts';
import { type DeliveryServer, deliveryServer } from '../support/delivery-server.ts';
import { smallMp4 } from '../support/file-server.ts';
import type { Ports } from '../support/pipeline-world.ts';
import { type DeliveryWorld, deliveryWorld } from './delivery-world.ts';

let server: DeliveryServer;

beforeAll(async () => {
  server = await deliveryServer();
});
afterAll(() => server.close());

const keysOf = async (world: DeliveryWorld, run: Run) =>
  Object.fromEntries((await world.manifestOf(run)).outputs.map(({ outputId, key }) => [outputId, key]));

describe('what lies beside a video', () => {
  test('is delivered beside it, called after it, and named in the manifest', async () => {
    const world = deliveryWorld(server);
    const { id } = await world.copying('o1');
    const done = await world.until(id);
    expect(done).toMatchObject({ status: 'delivered', partial: false, outputCount: 3 });
    const stem = 'in/talk';
    expect((await world.manifestOf(done)).outputs).toMatchObject([
      { outputId: 'o1', kind: 'video', key: `${stem}.mp4`, contentType: 'video/mp4', storageClass: 'STANDARD' },
      {
        outputId: 'o1#thumbnail',
        kind: 'thumbnail',
        of: 'o1',
        key: `${stem}.thumbnail.jpg`,
        contentType: 'image/jpeg',
      },
      { outputId: 'o1#project', kind: 'project', of: 'o1', key: `${stem}.project.zip`, contentType: 'application/zip' },
    ]);
    expect(await world.deliveries.head(`${stem}.thumbnail.jpg`)).toMatchObject({
      size: 311,
      contentType: 'image/jpeg',
    });
  });

  test('is found by its key, has the labels of its video, and a mark of its own', async () => {
    const deliver = {
      key: 'shows/{stem}-{output}.{extension}',
      tags: { of: '{output}' },
      metadata: { place: '{index}' },
    };
    const world = deliveryWorld(server, { deliver });
    const { id } = await world.copying('o1', 'o2');
    await world.until(id);
    const { metadata } = (await world.deliveries.head('shows/talk-o2.thumbnail.jpg')) ?? {};
    expect(metadata).toMatchObject({ place: '2', 'tessera-run-id': id, 'tessera-output-id': 'o2%23thumbnail' });
    expect((await findRun({ runs: world.runs }, 'shows/talk-o2.project.zip'))?.id).toBe(id);
  });

  test('follows its video to the name that this got where another had it first', async () => {
    const deliver = { key: 'shows/{stem}.{extension}', beside: ['thumbnail'] };
    const world = deliveryWorld(server, { deliver });
    await world.deliveries.put('shows/talk.mp4', 'theirs');
    const { id } = await world.copying('o1');
    const keys = await keysOf(world, await world.until(id));
    expect(keys.o1).toMatch(/^shows\/talk-[0-9a-f]{8}\.mp4$/);
    expect(keys['o1#thumbnail']).toBe(keys.o1?.replace('.mp4', '.thumbnail.jpg'));
  });

  test.each([
    [[], ['o1']],
    [['project'], ['o1', 'o1#project']],
  ])('is only %j where the rule says so', async (beside, expected) => {
    const world = deliveryWorld(server, { deliver: { beside } });
    const { id } = await world.copying('o1');
    expect(Object.keys(await keysOf(world, await world.until(id)))).toEqual(expected);
    expect(server.asked).toHaveLength(expected.length);
  });

  test('is no input of the rule that comes after', async () => {
    const world = deliveryWorld(server, { after: true });
    expect(((await world.copying('o1')) as Copying).expected).toHaveLength(3);
    const [, chained] = [...world.script.runs.values()];
    expect(chained?.request.nodeRenderIds).toEqual(['o1']);
  });

  test('that cannot be fetched is given up within minutes and named, and its video is delivered', async () => {
    const world = deliveryWorld(server);
    const { id } = await world.copying('o1');
    server.refused.set('o1.zip', 500);
    const begunMs = world.clock();
    const done = await world.until(id);
    expect(world.clock() - begunMs).toBeLessThan(3600_000);
    expect(done).toMatchObject({ status: 'delivered', partial: true, outputCount: 2 });
    expect(done).toMatchObject({ failedOutputs: [{ id: 'o1#project', reason: expect.stringContaining('500') }] });
    expect((await world.manifestOf(done)).failed).toMatchObject([
      { outputId: 'o1#project', kind: 'project', of: 'o1' },
    ]);
    expect(describeRun(done)).toContain('project file of output o1');
    expect(world.lines.filter(({ event }) => event === 'output.given-up')).toHaveLength(1);
  });

  test('that cannot be fetched for a moment only is delivered', async () => {
    const world = deliveryWorld(server);
    const { id } = await world.copying('o1');
    server.refused.set('o1.jpg', 503);
    await world.drain();
    world.jump(5);
    await world.drain();
    server.refused.clear();
    expect(await world.until(id)).toMatchObject({ status: 'delivered', partial: false, outputCount: 3 });
  });

  test('is worth more tries while only the API cannot be asked for its link', async () => {
    let isDown = true;
    const getAgentRun = (ports: Ports) => async (id: string) => {
      if (isDown && server.asked.includes('o1.mp4')) throw new MosaicError('Down.', { kind: 'server', status: 503 });
      return ports.mosaic.getAgentRun(id);
    };
    const wrap = (ports: Ports): Ports => ({ ...ports, mosaic: { ...ports.mosaic, getAgentRun: getAgentRun(ports) } });
    const world = deliveryWorld(server, { deliver: { beside: ['thumbnail'] }, wrap });
    const { id } = await world.copying('o1');
    for (let tries = 0; tries < 6; tries += 1) {
      await world.drain();
      world.jump(300);
    }
    isDown = false;
    expect(await world.until(id)).toMatchObject({ status: 'delivered', partial: false, outputCount: 2 });
  });

  test('whose link is gone meanwhile is named as not delivered', async () => {
    const world = deliveryWorld(server);
    const run = await world.copying('o1');
    const agentRun = world.agentRunOf(run);
    const outputs = agentRun.report.outputs.map((output) => ({ ...output, thumbnailUrl: undefined }));
    agentRun.report = { ...agentRun.report, outputs };
    const done = await world.until(run.id);
    expect(done).toMatchObject({ status: 'delivered', partial: true });
    expect((await world.manifestOf(done)).failed).toMatchObject([
      { outputId: 'o1#thumbnail', kind: 'thumbnail', reason: expect.stringContaining('no longer offers it') },
    ]);
  });

  test('is delivered, though nothing is whose video cannot be: the run has failed, in words', async () => {
    const world = deliveryWorld(server);
    const { id } = await world.copying('o1');
    server.files.set('o1.mp4', Buffer.from('\0\x01\x02\x03 no video at all'));
    const done = await world.until(id);
    expect(done).toMatchObject({ status: 'failed', failure: 'delivery' });
    expect(done).toMatchObject({ reason: expect.stringMatching(/^1 of 3 outputs .* output o1: /) });
    const states = await world.states(id);
    expect(states.get('o1#thumbnail')).toMatchObject({ status: 'copied' });
  });

  test('and what is delivered leave no link in the table, the log or the queue', async () => {
    const world = deliveryWorld(server);
    const { id } = await world.copying('o1');
    server.refused.set('o1.zip', 500);
    const messages = JSON.stringify(await world.copyQueue.receive({ visibilitySeconds: 0 }));
    await world.until(id);
    const { items } = await world.runs.query({ pk: `RUN#${id}` });
    expect(JSON.stringify([messages, items, world.lines])).not.toMatch(/signature=|secret/);
  });
});

describe('a name that another object has', () => {
  const deliver = { key: 'shows/{stem}.{extension}', beside: [] };

  test('is left alone, and the output named as not delivered, where the rule says "fail"', async () => {
    const world = deliveryWorld(server, { deliver: { ...deliver, ifExists: 'fail' } });
    await world.deliveries.put('shows/talk.mp4', 'theirs');
    const done = await world.until((await world.copying('o1')).id);
    expect(done).toMatchObject({ status: 'failed', reason: expect.stringContaining('is taken by another object') });
    expect(await world.textAt('shows/talk.mp4')).toBe('theirs');
  });

  test('is written over where the rule says "replace", and the outputs of one run still are told apart', async () => {
    const world = deliveryWorld(server, { deliver: { ...deliver, ifExists: 'replace' } });
    await world.deliveries.put('shows/talk.mp4', 'theirs');
    const first = await world.until((await world.copying('o1')).id);
    expect((await keysOf(world, first)).o1).toBe('shows/talk.mp4');
    expect((await world.deliveries.head('shows/talk.mp4'))?.metadata).toMatchObject({ 'tessera-run-id': first.id });
    world.jump(60);
    const second = await world.until((await world.copying('o1', 'o2')).id);
    expect(new Set(Object.values(await keysOf(world, second))).size).toBe(2);
  });
});

test('everything but the manifest has the storage class that the rule names', async () => {
  const world = deliveryWorld(server, { deliver: { storageClass: 'STANDARD_IA' } });
  const done = await world.until((await world.copying('o1')).id);
  const { outputs } = await world.manifestOf(done);
  expect(outputs.map(({ storageClass }) => storageClass)).toEqual(['STANDARD_IA', 'STANDARD_IA', 'STANDARD_IA']);
  for (const { key } of outputs)
    expect(await world.deliveries.head(key)).toMatchObject({ storageClass: 'STANDARD_IA' });
  const { manifestKey } = done as Extract<Run, { status: 'delivered' }>;
  expect((await world.deliveries.head(manifestKey))?.storageClass).toBeUndefined();
});

test('each output’s checksum of the whole is in the manifest, and whether it is the same as its source’s', async () => {
  const world = deliveryWorld(server, { deliver: { beside: [] } });
  server.hashes.set('o1.mp4', crc32cOf(smallMp4()));
  const done = await world.until((await world.copying('o1', 'o2')).id);
  const { outputs } = await world.manifestOf(done);
  for (const { key, checksum } of outputs) {
    expect(checksum).toEqual({ algorithm: 'crc32c', value: crc32cOf(smallMp4()) });
    expect(await world.deliveries.head(key)).toMatchObject({ crc32c: checksum.value });
  }
  expect(outputs.map(({ comparedWithSource }) => comparedWithSource)).toEqual([true, false]);
});

test('an output that is not what its source says it is is not delivered, and named', async () => {
  const world = deliveryWorld(server, { deliver: { beside: [] } });
  server.hashes.set('o1.mp4', '00000001');
  const done = await world.until((await world.copying('o1', 'o2')).id);
  expect(done).toMatchObject({ status: 'delivered', partial: true, outputCount: 1 });
  expect((await world.manifestOf(done)).failed).toMatchObject([
    { outputId: 'o1', reason: expect.stringMatching(/checksum .* source says 00000001/) },
  ]);
});

test('two workers who end the last two outputs at once deliver the run once', async () => {
  const world = deliveryWorld(server, { deliver: { beside: [] } });
  const { id } = await world.copying('o1', 'o2');
  await Promise.all(['o1', 'o2', 'o1', 'o2'].map((outputId) => copyOutput(world.deps, { runId: id, outputId })));
  expect(await world.read(id)).toMatchObject({ status: 'delivered', outputCount: 2 });
  expect(world.lines.filter(({ event, to }) => event === 'run.moved' && to === 'delivered')).toHaveLength(1);
  const { objects } = await world.deliveries.list();
  expect(objects.map(({ key }) => key.split('/').at(-1))).toEqual([
    ...['talk-clip-1.mp4', 'talk-clip-2.mp4', 'talk.manifest.json'],
  ]);
});
