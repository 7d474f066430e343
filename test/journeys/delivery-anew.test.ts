import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ObjectHead } from '../../shared/platform/ports.ts';
import { copyOutput } from '../../shared/runs/deliver/copy-output.ts';
import { findRun } from '../../shared/runs/operate/find-runs.ts';
import { redeliverRun } from '../../shared/runs/operate/redeliver-run.ts';
import { retryRun } from '../../shared/runs/operate/retry-run.ts';
import type { Run } from '../../shared/runs/run/run.ts';
import { agentRunKey } from '../../shared/runs/run/run-items.ts';
import { type DeliveryServer, deliveryServer } from '../support/delivery-server.ts';
import type { Ports } from '../support/pipeline-world.ts';
import { type DeliveryWorld, deliveryWorld } from './delivery-world.ts';

let server: DeliveryServer;

beforeAll(async () => {
  server = await deliveryServer();
});
afterAll(() => server.close());

/** A world with a run of which two outputs are delivered and the thumbnail of one could not be. */
async function inPart(): Promise<{ world: DeliveryWorld; first: Run }> {
  const world = deliveryWorld(server, { deliver: { beside: ['thumbnail'] } });
  const { id } = await world.copying('o1', 'o2');
  server.refused.set('o2.jpg', 500);
  const first = await world.until(id);
  expect(first).toMatchObject({ status: 'delivered', partial: true, outputCount: 3 });
  server.refused.clear();
  server.asked.length = 0;
  return { world, first };
}

/** A world with a run of which nothing could be delivered. */
async function inVain(): Promise<{ world: DeliveryWorld; first: Run }> {
  const world = deliveryWorld(server, { deliver: { beside: [] } });
  const run = await world.copying('o1');
  const agentRun = world.agentRunOf(run);
  const { report } = agentRun;
  agentRun.report = { ...report, outputs: [] };
  const first = await world.until(run.id);
  expect(first).toMatchObject({ status: 'failed', failure: 'delivery' });
  agentRun.report = report;
  return { world, first };
}

describe('what could not be delivered is delivered anew', () => {
  test('as the next attempt of the same agent run, which is not paid again', async () => {
    const { world, first } = await inPart();
    const next = await redeliverRun(world.deps, first.id);
    expect(next).toMatchObject({ status: 'copying', attempt: 2, previousRunId: first.id });
    const done = await world.until(next.id);
    expect(done).toMatchObject({ status: 'delivered', partial: false, outputCount: 4 });
    expect(world.starts()).toBe(1);
    expect((await world.read(first.id)).nextRunId).toBe(next.id);
  });

  test('without copying again what lies there, which its manifest names all the same', async () => {
    const { world, first } = await inPart();
    const before = await world.manifestOf(first);
    const done = await world.until((await redeliverRun(world.deps, first.id)).id);
    expect(server.asked).toEqual(['o2.jpg']);
    const manifest = await world.manifestOf(done);
    expect(manifest).toMatchObject({ partial: false, attempt: 2, redelivers: first.id, failed: [] });
    const keysIn = ({ outputs }: typeof manifest) => outputs.map(({ key }) => key);
    expect(keysIn(manifest)).toEqual(expect.arrayContaining(keysIn(before)));
    expect(manifest.outputs).toHaveLength(4);
    for (const { key, size } of manifest.outputs) expect(await world.deliveries.head(key)).toMatchObject({ size });
  });

  test.each([
    ['has been deleted since', () => undefined],
    ['is another object of that size by now', (head: ObjectHead) => ({ ...head, crc32c: '00000000' })],
  ])('also what was delivered and %s', async (_, changed) => {
    const { world, first } = await inPart();
    const [video] = (await world.manifestOf(first)).outputs;
    const before = { ...world.deps.deliveries };
    const deliveries: typeof before = {
      ...before,
      head: async (key, options) => {
        const head = await before.head(key, options);
        return key === video?.key && head ? changed(head) : head;
      },
    };
    const next = await redeliverRun(world.deps, first.id);
    await world.drain('settle');
    await copyOutput({ ...world.deps, deliveries }, { runId: next.id, outputId: 'o1' });
    expect(server.asked).toContain('o1.mp4');
    expect(await world.until(next.id)).toMatchObject({ status: 'delivered', partial: false });
  });

  test('when nothing was: the run that failed stays as it ended', async () => {
    const { world, first } = await inVain();
    const next = await redeliverRun(world.deps, first.id);
    expect(await world.until(next.id)).toMatchObject({ status: 'delivered', partial: false });
    expect(await world.read(first.id)).toMatchObject({ status: 'failed', nextRunId: next.id });
    expect(world.starts()).toBe(1);
  });

  test('once, however often and by however many it is asked for', async () => {
    const { world, first } = await inPart();
    const asked = await Promise.all([1, 2, 3].map(() => redeliverRun(world.deps, first.id)));
    expect(new Set(asked.map(({ id }) => id)).size).toBe(1);
    await world.until(asked[0]?.id ?? '');
    expect((await redeliverRun(world.deps, first.id)).id).toBe(asked[0]?.id);
    expect(world.lines.filter(({ event }) => event === 'run.redelivered')).toHaveLength(1);
  });

  test('beside what the first run had published without knowing it, which is left as it is', async () => {
    let isLost = true;
    const put =
      ({ deliveries }: Ports): Ports['deliveries']['put'] =>
      async (...args) => {
        const stored = await deliveries.put(...args);
        if (isLost && args[0].includes('.thumbnail.')) throw new Error('The answer was lost.');
        return stored;
      };
    const wrap = (ports: Ports): Ports => ({ ...ports, deliveries: { ...ports.deliveries, put: put(ports) } });
    const world = deliveryWorld(server, { deliver: { beside: ['thumbnail'] }, wrap });
    const run = await world.copying('o1');
    const agentRun = world.agentRunOf(run);
    const { report } = agentRun;
    await world.drain('copy');
    agentRun.report = { ...report, outputs: report.outputs.map((each) => ({ ...each, thumbnailUrl: undefined })) };
    const first = await world.until(run.id);
    expect(first).toMatchObject({ status: 'delivered', partial: true, outputCount: 1 });
    [agentRun.report, isLost] = [report, false];
    const done = await world.until((await redeliverRun(world.deps, first.id)).id);
    expect(done).toMatchObject({ status: 'delivered', partial: false, outputCount: 2 });
    const keys = (await world.manifestOf(done)).outputs.map(({ key }) => key);
    expect(keys[1]).toMatch(/\.thumbnail-[0-9a-f]{8}\.jpg$/);
  });

  test('again and again, as long as something is missing', async () => {
    const { world, first } = await inPart();
    server.refused.set('o2.jpg', 500);
    const second = await world.until((await redeliverRun(world.deps, first.id)).id);
    expect(second).toMatchObject({ status: 'delivered', partial: true, attempt: 2 });
    server.refused.clear();
    const third = await world.until((await redeliverRun(world.deps, second.id)).id);
    expect(third).toMatchObject({ status: 'delivered', partial: false, attempt: 3, outputCount: 4 });
    expect(server.asked.filter((path) => path.endsWith('.mp4'))).toEqual([]);
  });

  test('so that upload, outputs and agent run lead to the newest run', async () => {
    const { world, first } = await inPart();
    const next = await world.until((await redeliverRun(world.deps, first.id)).id);
    expect((await world.runOf('in/talk.mov')).id).toBe(next.id);
    expect((await findRun({ runs: world.runs }, (await world.manifestOf(first)).outputs[0]?.key ?? ''))?.id).toBe(
      next.id,
    );
    const { agentRunId } = next as Extract<Run, { status: 'delivered' }>;
    expect((await world.runs.get(agentRunKey(agentRunId)))?.runId).toBe(next.id);
  });

  test('after a wake that was lost, too', async () => {
    const { world, first } = await inPart();
    const settleQueue = { ...world.deps.settleQueue, send: () => Promise.reject(new Error('No queue.')) };
    await expect(redeliverRun({ ...world.deps, settleQueue }, first.id)).rejects.toThrow('No queue.');
    const { nextRunId = '' } = await world.read(first.id);
    world.jump(1);
    await world.reconcile();
    expect(await world.until(nextRunId)).toMatchObject({ status: 'delivered', partial: false });
  });
});

describe('nothing is delivered anew', () => {
  test('of a run that was delivered whole, or does not exist', async () => {
    const world = deliveryWorld(server);
    const done = await world.until((await world.copying('o1')).id);
    await expect(redeliverRun(world.deps, done.id)).rejects.toThrow('all that its agent made was delivered');
    await expect(redeliverRun(world.deps, 'none')).rejects.toThrow('There is no run none');
  });

  test('of a run that is under way, or failed before it made anything', async () => {
    const world = deliveryWorld(server);
    const run = await world.copying('o1');
    await expect(redeliverRun(world.deps, run.id)).rejects.toThrow('it is copying');
    await world.upload('in/other.mov');
    await world.drain();
    const other = await world.runOf('in/other.mov');
    world.script.finish(world.agentRunOf(other), 0, { status: 'failed' });
    await world.deliverAll();
    await world.drain();
    await expect(redeliverRun(world.deps, other.id)).rejects.toThrow('did not fail for its delivery');
  });

  test('of a run that is attempted again already, and paid for', async () => {
    const { world, first } = await inVain();
    const paid = await retryRun(world.deps, first.id);
    await expect(redeliverRun(world.deps, first.id)).rejects.toThrow(paid.id);
  });
});

test('a run that is delivered anew has no paid attempt beside it', async () => {
  const { world, first } = await inVain();
  const next = await redeliverRun(world.deps, first.id);
  expect((await retryRun(world.deps, first.id)).id).toBe(next.id);
  await world.until(next.id);
  expect(world.starts()).toBe(1);
});
