import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { listRuns } from '../../shared/runs/operate/list-runs.ts';
import { askCancel } from '../../shared/runs/run/cancel-run.ts';
import type { Run } from '../../shared/runs/run/run.ts';
import { type FileServer, serveFile } from '../support/file-server.ts';
import { type ControlWorld, controlWorld } from './control-world.ts';

let outputs: FileServer;
let world: ControlWorld;

beforeAll(async () => {
  outputs = await serveFile();
});
afterAll(() => outputs.close());
afterEach(() => world.close());

const chain = (after: object = {}, more: object = {}) => ({
  rules: [
    { id: 'cut', prefix: 'in/', agentId: 'cutter' },
    { id: 'brand', after: 'cut', agentId: 'brander', ...after },
  ],
  ...more,
});

const runsOf = async (ruleId: string): Promise<readonly Run[]> => {
  const { runs } = await listRuns(world.deps, { ruleId });
  return Promise.all(runs.map(({ id }) => world.read(id)));
};

describe('a rule that comes after another', () => {
  test('a rule after another takes its outputs by id, without a copy, exactly once', async () => {
    world = controlWorld({ outputs, rules: chain({ updateParams: { logo: { text: '{stem}' } } }) });
    const first = await world.started('in/talk.mp4');
    world.script.finish(world.agentRunOf(first), 2);
    const again = [...world.script.sent];
    await world.settled();
    for (const sent of again) await world.deliver(sent);
    await world.drain();
    const [second, ...others] = await runsOf('brand');
    expect(others).toEqual([]);
    expect(second).toMatchObject({
      status: 'running',
      attempt: 1,
      lineage: { hops: 1, rootRunId: first.id, parentRunId: first.id },
    });
    if (second === undefined) throw new Error('There is no second run.');
    const { request, agentId } = world.agentRunOf(second);
    expect(agentId).toBe('brander');
    expect(request.nodeRenderIds).toEqual(['output-1', 'output-2']);
    expect(request.videoUrls).toBeUndefined();
    expect(request.updateParams).toEqual({ logo: { text: 'talk' } });
    expect((await world.read(first.id)).status).toBe('delivered');
    expect(await world.report(second, { status: 'completed' }, 1)).toMatchObject({ status: 'delivered' });
  });

  test('a rule after another takes nothing from a partial run', async () => {
    world = controlWorld({ outputs, rules: chain() });
    await world.report(await world.started('in/talk.mp4'), { status: 'partial_complete' }, 1);
    expect(await runsOf('brand')).toEqual([]);
  });

  test('a rule after another takes nothing from a cancelled run, even if it finished first', async () => {
    world = controlWorld({ outputs, rules: chain() });
    const first = await world.started('in/talk.mp4');
    world.deps.mosaic.cancelAgentRun = async () => world.script.finish(world.agentRunOf(first));
    await askCancel(world.deps, first.id, 'wrong cut');
    await world.drain();
    expect((await world.read(first.id)).status).toBe('delivered');
    expect(await runsOf('brand')).toEqual([]);
  });

  test('a chain of rules stops at maxHops', async () => {
    const rules = {
      maxHops: 1,
      rules: [...chain().rules, { id: 'clip', after: 'brand', agentId: 'clipper' }],
    };
    world = controlWorld({ outputs, rules });
    await world.report(await world.started('in/talk.mp4'), { status: 'completed' }, 1);
    const [second] = await runsOf('brand');
    if (second === undefined) throw new Error('There is no second run.');
    await world.report(second, { status: 'completed' }, 1);
    expect(await runsOf('clip')).toEqual([]);
    expect(world.logged('chain.stopped')).toHaveLength(1);
  });

  test('a failed chained run is retried with the same outputs', async () => {
    world = controlWorld({ outputs, rules: chain({ retry: { attempts: 2, on: ['agent-failed'] } }) });
    await world.report(await world.started('in/talk.mp4'), { status: 'completed' }, 1);
    const [second] = await runsOf('brand');
    if (second === undefined) throw new Error('There is no second run.');
    const failed = await world.report(second, { status: 'failed' });
    const third = await world.read(failed.nextRunId ?? '');
    expect(world.agentRunOf(third).request.nodeRenderIds).toEqual(['output-1']);
  });

  test('a chained rule sees its own data and the data of the rule before it', async () => {
    const rules = chain({
      data: { style: 'loud' },
      updateParams: { logo: { text: '{data.style} for {data.customer}' } },
    });
    const [cut, brand] = rules.rules;
    world = controlWorld({ outputs, rules: { rules: [{ ...cut, data: { style: 'calm', customer: 'acme' } }, brand] } });
    await world.report(await world.started('in/talk.mp4'), { status: 'completed' }, 1);
    expect(await runsOf('brand')).toMatchObject([
      { status: 'running', rule: { updateParams: { logo: { text: 'loud for acme' } } } },
    ]);
  });

  test('a chained run whose delivery keys cannot be filled in is rejected before it is paid for', async () => {
    world = controlWorld({ outputs, rules: chain({ deliver: { key: '{metadata.customer}/{output}' } }) });
    await world.report(await world.started('in/talk.mp4'), { status: 'completed' }, 1);
    expect(await runsOf('brand')).toMatchObject([
      { status: 'rejected', reason: expect.stringContaining('metadata.customer') },
    ]);
    expect(world.script.runs.size).toBe(1);
  });

  test('a chained run whose parameters cannot be filled in is rejected without harm to its parent', async () => {
    world = controlWorld({ outputs, rules: chain({ updateParams: { logo: { text: '{metadata.customer}' } } }) });
    const first = await world.report(await world.started('in/talk.mp4'), { status: 'completed' }, 1);
    expect(first.status).toBe('delivered');
    expect(await runsOf('brand')).toMatchObject([
      { status: 'rejected', reason: expect.stringContaining('metadata.customer') },
    ]);
  });
});
