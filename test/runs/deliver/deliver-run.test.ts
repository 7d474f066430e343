import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { openLink } from '../../../shared/platform/links.ts';
import { copyOutput } from '../../../shared/runs/deliver/copy-output.ts';
import { findRun } from '../../../shared/runs/operate/find-runs.ts';
import { readRun } from '../../../shared/runs/run/move-run.ts';
import type { Run } from '../../../shared/runs/run/run.ts';
import { keyPk } from '../../../shared/runs/run/run-items.ts';
import { type FileServer, serveFile } from '../../support/file-server.ts';
import { type PipelineWorld, pipelineWorld } from '../../support/pipeline-world.ts';

let outputs: FileServer;
let world: PipelineWorld;

beforeAll(async () => {
  outputs = await serveFile();
});
afterAll(() => outputs.close());
afterEach(() => world.close());

const rule = {
  prefix: 'in/',
  agentId: 'agent-1',
  data: { z: 1, a: { y: 2, b: 3 } },
  deliver: {
    key: 'shows/{stem|slug}.{extension}',
    tags: { rule: '{rule}' },
    metadata: { from: '{key}' },
  },
};

/** A run whose outputs are to be copied. */
async function copying(outputCount: number, rules: object = { rules: [{ ...rule, id: 'shows' }] }): Promise<Run> {
  world = pipelineWorld({ outputs, rules });
  await world.upload('in/Für Anna.mov');
  await world.drain();
  const run = await world.runOf('in/Für Anna.mov');
  world.script.finish(world.agentRunOf(run), outputCount);
  await world.deliverAll();
  await world.drain('start', 'settle');
  return world.runOf('in/Für Anna.mov');
}

const manifestOf = async (run: Run) =>
  JSON.parse(await world.textAt(run.status === 'delivered' ? run.manifestKey : 'none'));

describe('a rule’s deliveries', () => {
  test('lie where it says, each at a key of its own, with its labels and our marks', async () => {
    const run = await copying(2);
    await world.drain();
    const done = await world.runOf('in/Für Anna.mov');
    const keys: string[] = (await manifestOf(done)).outputs.map(({ key }: { key: string }) => key);
    expect(new Set(keys).size).toBe(2);
    for (const key of keys) {
      expect(key).toMatch(/^shows\/fur-anna-[0-9a-f]{8}\.mp4$/);
      expect((await world.deliveries.head(key))?.metadata).toMatchObject({
        from: 'in/F%C3%BCr Anna.mov',
        'tessera-run-id': run.id,
        'tessera-hops': '0',
        'tessera-root-run-id': run.id,
      });
    }
  });

  test('lead to their run by their keys', async () => {
    const run = await copying(1);
    await world.drain();
    expect((await findRun({ runs: world.runs }, 'shows/fur-anna.mp4'))?.id).toBe(run.id);
    expect((await findRun({ runs: world.runs }, 'in/Für Anna.mov'))?.id).toBe(run.id);
  });

  test('echo the user’s own data in the manifest, in one order', async () => {
    await copying(1);
    await world.drain();
    const manifest = await manifestOf(await world.runOf('in/Für Anna.mov'));
    expect(JSON.stringify(manifest.data)).toBe('{"a":{"b":3,"y":2},"z":1}');
  });

  test('lie within the stage’s prefix, the manifest too', async () => {
    const run = await copying(1);
    const [expected] = run.status === 'copying' ? run.expected : [];
    const message = { runId: run.id, outputId: expected?.id ?? '' };
    await copyOutput({ ...world.deps, deliveriesPrefix: 'edited/' }, message);
    const done = await world.runOf('in/Für Anna.mov');
    expect(done).toMatchObject({ status: 'delivered', manifestKey: `edited/in/Für Anna/${run.id}/manifest.json` });
    expect(await world.deliveries.head('edited/shows/fur-anna.mp4')).toBeDefined();
  });

  test('of two versions never overwrite each other: the second has a mark', async () => {
    const first = await copying(1);
    await world.drain();
    await world.upload('in/Für Anna.mov');
    await world.drain();
    const second = await world.runOf('in/Für Anna.mov');
    world.script.finish(world.agentRunOf(second), 1);
    await world.deliverAll();
    await world.drain();
    const [output] = (await manifestOf(await world.runOf('in/Für Anna.mov'))).outputs;
    expect(output.key).toMatch(/^shows\/fur-anna-[0-9a-f]{8}\.mp4$/);
    expect((await world.deliveries.head('shows/fur-anna.mp4'))?.metadata['tessera-run-id']).toBe(first.id);
    expect((await world.deliveries.head(output.key))?.metadata['tessera-run-id']).toBe(second.id);
  });
});

test('links are opened as the world says', async () => {
  const run = await copying(1);
  const opened: string[] = [];
  const [expected] = run.status === 'copying' ? run.expected : [];
  const through: typeof openLink = (link, options) => {
    opened.push(new URL(link).pathname);
    return openLink(link, options);
  };
  await copyOutput({ ...world.deps, openLink: through }, { runId: run.id, outputId: expected?.id ?? '' });
  expect(opened).toHaveLength(1);
});

test('an output that is not copied leads nowhere', async () => {
  const run = await copying(1);
  const page = await world.runs.query({ pk: keyPk('deliveries', 'shows/fur-anna.mp4') });
  expect(page.items).toEqual([]);
  expect(run.status).toBe('copying');
});

test('a delivery that failed for good is attempted once more where the rule says so, in the write that ends it', async () => {
  const retried = { ...rule, id: 'shows', retry: { attempts: 2, on: ['delivery'] } };
  const first = await copying(1, { rules: [retried] });
  const agentRun = world.agentRunOf(first);
  agentRun.report = { ...agentRun.report, outputs: [] };
  await world.drain('copy');
  const ended = await readRun(world.runs, first.id);
  expect(ended).toMatchObject({ status: 'failed', failure: 'delivery' });
  // One sentence, whatever the reasons in it end with.
  expect(ended && 'reason' in ended && ended.reason).toMatch(/^1 of 1 outputs could not be delivered: .*[^.]\.$/);
  const next = await world.runOf('in/Für Anna.mov');
  expect(next).toMatchObject({ status: 'waiting', attempt: 2, previousRunId: first.id });
  expect(ended?.nextRunId).toBe(next.id);
});
