import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { MosaicError } from '../../shared/mosaic/errors.ts';
import type { Item, Page, Table } from '../../shared/platform/ports.ts';
import type { Run } from '../../shared/runs/run.ts';
import { type FileServer, serveFile } from '../support/file-server.ts';
import {
  type PipelineWorld,
  type Ports,
  pipelineWorld,
  runDeadlineSeconds,
  uncertainWaitSeconds,
} from '../support/pipeline-world.ts';

let outputs: FileServer;
let world: PipelineWorld;

beforeAll(async () => {
  outputs = await serveFile();
});
afterAll(() => outputs.close());
afterEach(() => world.close());

/** A world with one upload in it, handled as far as it goes without the API's reports. */
async function started(wrap?: (ports: Ports) => Ports): Promise<Run> {
  world = pipelineWorld({ outputs, wrap });
  await world.upload('in/talk.mov');
  await world.drain();
  return world.runOf('in/talk.mov');
}

const now = (): Promise<Run> => world.runOf('in/talk.mov');

async function finish(run: Run, outputCount = 1, change: Parameters<typeof world.script.finish>[2] = {}) {
  world.script.finish(world.agentRunOf(run), outputCount, change);
  await world.deliverAll();
  await world.drain();
}

async function reconcileAndDrain(): Promise<void> {
  await world.reconcile();
  await world.drain();
}

const slots = async () => (await world.runs.query({ pk: 'SLOTS#default' })).items;

describe('what an API says of a run', () => {
  test('as the reason of a cancelled one holds no signed link, and has an end', async () => {
    const run = await started();
    const statusMessage = `stopped at https://files.example/a.mp4?signature=secret ${'x'.repeat(500_000)}`;
    await finish(run, 0, { status: 'cancelled', statusMessage });
    const { items } = await world.runs.query({ pk: `RUN#${run.id}` });
    expect(await now()).toMatchObject({ status: 'cancelled', reason: expect.stringContaining('stopped at') });
    expect(JSON.stringify(items)).not.toContain('signature=');
    expect(JSON.stringify(items).length).toBeLessThan(10_000);
  });

  test('fits into an item, in whole letters, however much goes wrong in whatever script', async () => {
    const run = await started();
    // Odd, so that a cut at any even length would part the two halves of a letter.
    const messages = Array.from({ length: 20 }, () => `!${'🎬'.repeat(5000)}`);
    const errors = Array.from({ length: 200 }, (_, index) => ({ nodeId: `node-${index}`, messages }));
    world.script.finish(world.agentRunOf(run), 500, { status: 'partial_complete', errors });
    await world.deliverAll();
    await world.drain('settle');
    const item = JSON.stringify(await world.runs.get({ pk: `RUN#${run.id}`, sk: 'RUN' }));
    expect(JSON.parse(item)).toMatchObject({ status: 'copying', nodeErrors: expect.arrayContaining([]) });
    expect(Buffer.byteLength(item)).toBeLessThan(300_000);
    // JSON writes half a letter as an escape.
    expect(item).not.toMatch(/\\ud[89a-f]/i);
  });
});

describe('a run that was paused for longer than its deadline', () => {
  test('is not cancelled when credits are back', async () => {
    const run = await started();
    const agentRun = world.agentRunOf(run);
    agentRun.report = { ...agentRun.report, needsCredits: true };
    world.jump(60);
    await reconcileAndDrain();
    expect((await now()).status).toBe('paused');
    world.jump(runDeadlineSeconds + 1);
    agentRun.report = { ...agentRun.report, needsCredits: false };
    await reconcileAndDrain();
    expect((await now()).status).toBe('running');
    expect(world.script.calls).not.toContain('cancel');
  });
});

describe('a key that belongs to another organization for a while', () => {
  /** Between us and the API: what it no longer shows us. */
  const blindable = (isBlind: () => boolean) => (ports: Ports) => ({
    ...ports,
    mosaic: {
      ...ports.mosaic,
      getAgentRun: async (id: string) => {
        if (isBlind()) throw new MosaicError('Run not found.', { kind: 'not-found', status: 404 });
        return ports.mosaic.getAgentRun(id);
      },
    },
  });

  test('ends no run that is under way', async () => {
    let blind = false;
    const run = await started(blindable(() => blind));
    blind = true;
    world.jump(1800);
    await world.reconcile();
    await world.drain('settle').catch(() => {});
    expect((await now()).status).toBe('running');
    blind = false;
    world.jump(60);
    await finish(run);
    expect((await now()).status).toBe('delivered');
  });
});
