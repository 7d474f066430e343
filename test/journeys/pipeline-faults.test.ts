import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { MosaicError } from '../../shared/mosaic/errors.ts';
import type { Item, Page, Table } from '../../shared/platform/ports.ts';
import { retryRun } from '../../shared/runs/operate/retry-run.ts';
import type { Copying, Run } from '../../shared/runs/run/run.ts';
import { laterPk, openPk, runKey, waitingPk } from '../../shared/runs/run/run-items.ts';
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

describe('outputs by the thousand', () => {
  const outputsOf = (count: number) =>
    Array.from({ length: count }, (_, index) => ({
      id: `${index}`.padStart(36, '0'),
      nodeId: `node-${'n'.repeat(31)}`,
      videoUrl: 'https://files.example/a.mp4',
    }));

  test.each([
    [600, true],
    [2000, false],
  ])('%i of them are kept, with what tells them apart at least', async (count, withNodes) => {
    const run = await started();
    world.script.finish(world.agentRunOf(run), 0, { outputs: outputsOf(count) });
    await world.deliverAll();
    await world.drain('settle');
    const { expected } = (await now()) as Copying;
    expect(new Set(expected.map(({ id }) => id)).size).toBe(count);
    expect(expected.every(({ nodeId }) => (nodeId !== undefined) === withNodes)).toBe(true);
  });

  test('are more than a run can keep: it fails in words, and gives its slot back', async () => {
    const run = await started();
    await finish(run, 0, { outputs: outputsOf(10_000) });
    expect(await now()).toMatchObject({ status: 'failed', reason: expect.stringContaining('10000 outputs') });
    expect((await world.runs.query({ pk: 'SLOTS#default' })).items).toEqual([]);
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
  const blindable =
    (isBlind: () => boolean, kind: 'not-found' | 'forbidden' = 'not-found') =>
    (ports: Ports) => ({
      ...ports,
      mosaic: {
        ...ports.mosaic,
        getAgentRun: async (id: string) => {
          if (isBlind()) throw new MosaicError('Not for you.', { kind });
          return ports.mosaic.getAgentRun(id);
        },
      },
    });

  test.each(['not-found', 'forbidden'] as const)(
    'and for good (%s) ends the run at its deadline; another attempt is a person’s',
    async (kind) => {
      let blind = false;
      const run = await started(blindable(() => blind, kind));
      blind = true;
      world.jump(runDeadlineSeconds + 1);
      await reconcileAndDrain();
      expect(await now()).toMatchObject({ status: 'failed', failure: 'agent-run-gone' });
      await expect(retryRun(world.deps, run.id)).rejects.toThrow('Look at Mosaic');
      expect((await retryRun(world.deps, run.id, { neverBegan: true })).attempt).toBe(2);
    },
  );

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

  test('gives up no output that is to be copied', async () => {
    let blind = false;
    const run = await started(blindable(() => blind));
    world.script.finish(world.agentRunOf(run));
    await world.deliverAll();
    await world.drain('settle');
    blind = true;
    await world.drain('copy');
    expect((await now()).status).toBe('copying');
    blind = false;
    world.jump(60);
    await world.drain();
    expect((await now()).status).toBe('delivered');
  });
});

describe('the manifest', () => {
  test('is written once, even when its writer stopped and the table orders fields anew', async () => {
    let lost = false;
    const run = await started((ports) => ({
      ...ports,
      runs: reordering(ports.runs, () => lost),
      deliveries: {
        ...ports.deliveries,
        put: async (key, body, properties) => {
          const stored = await ports.deliveries.put(key, body, properties);
          if (lost || !key.endsWith('.json')) return stored;
          lost = true;
          throw new Error('The answer was lost.');
        },
      },
    }));
    await finish(run, 2, { status: 'partial_complete', errors: [{ nodeId: 'n', messages: ['out of tune'] }] });
    world.jump(60);
    await world.drain();
    expect(await now()).toMatchObject({ status: 'delivered', manifestKey: 'in/talk.manifest.json' });
    expect(lost).toBe(true);
  });
});

/** DynamoDB promises no order of the fields in an item, nor in what lies within. */
function reordering(table: Table, isOn: () => boolean): Table {
  const item = (found: Item): Item => (isOn() ? (reversed(found) as Item) : found);
  return {
    ...table,
    get: async (key) => {
      const found = await table.get(key);
      return found && item(found);
    },
    query: async (query): Promise<Page> => {
      const page = await table.query(query);
      return { ...page, items: page.items.map(item) };
    },
  };
}

function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value).map(([name, field]) => [name, reversed(field)] as const);
  return Object.fromEntries(fields.reverse());
}

describe('a start', () => {
  test('that is refused until a far day is tried again within the hour', async () => {
    world = pipelineWorld({ outputs });
    const farAway = new MosaicError('Come back much later.', { kind: 'rate-limited', retryAfterSeconds: 8.6e12 });
    world.script.answers.push(farAway);
    await world.upload('in/talk.mov');
    await world.drain();
    expect((await now()).status).toBe('waiting');
    world.jump(3600);
    await reconcileAndDrain();
    expect((await now()).status).toBe('running');
  });

  test('does not wait for a run of a kind that only a newer version knows', async () => {
    const run = await started();
    const newer = { type: 'run', status: 'queued-anew' };
    const [first, later] = ['newer-1', 'newer-2'];
    await world.runs.write(
      { put: { ...runKey(first), ...newer } },
      { put: { ...runKey(later), ...newer } },
      { put: { pk: waitingPk, sk: '0#first#2026#newer-1', type: 'waiting', runId: first, ruleId: 'first' } },
      { put: { pk: laterPk, sk: '2026-01-01#newer-2', type: 'waiting', runId: later } },
    );
    await world.upload('in/next.mov');
    await world.drain('start').catch(() => {});
    expect((await world.runOf('in/next.mov')).status).toBe('running');
    expect(run.status).toBe('running');
  });

  test('that finds the account full asks every minute, since nobody foretells when a run elsewhere ends', async () => {
    world = pipelineWorld({ outputs });
    const full = () => new MosaicError('Too many runs.', { kind: 'concurrency', status: 403 });
    world.script.answers.push(...Array.from({ length: 8 }, full));
    await world.upload('in/talk.mov');
    for (let minute = 0; minute <= 8; minute += 1) {
      await world.drain();
      world.jump(60);
    }
    expect((await now()).status).toBe('running');
  });

  test('that is healed lets the next of its agent start at once', async () => {
    world = pipelineWorld({ outputs });
    world.script.answers.push('lose-answer');
    await world.upload('in/talk.mov');
    await world.drain();
    await world.upload('in/next.mov');
    await world.drain();
    expect((await now()).status).toBe('uncertain');
    await world.deliverAll();
    await world.drain();
    expect((await world.runOf('in/next.mov')).status).toBe('running');
  });

  test.each(['not-found', 'forbidden'] as const)(
    'whose agent can no longer be asked about (%s) is left to a person at the deadline, and frees its slot',
    async (kind) => {
      world = pipelineWorld({
        outputs,
        wrap: (ports) => ({
          ...ports,
          mosaic: { ...ports.mosaic, listAgentRuns: () => Promise.reject(new MosaicError('It said no.', { kind })) },
        }),
      });
      world.script.answers.push('lose-request');
      await world.upload('in/talk.mov');
      await world.drain();
      world.jump(uncertainWaitSeconds);
      await reconcileAndDrain();
      expect((await now()).status).toBe('uncertain');
      world.jump(runDeadlineSeconds);
      await reconcileAndDrain();
      expect(await now()).toMatchObject({ status: 'failed', reason: expect.stringContaining('It said no.') });
      expect((await world.runs.query({ pk: 'SLOTS#default' })).items).toEqual([]);
    },
  );

  test('is not healed by a report of an agent run that our key may not see', async () => {
    const forbidden = new MosaicError('Not yours.', { kind: 'forbidden', status: 403 });
    world = pipelineWorld({
      outputs,
      wrap: (ports) => ({
        ...ports,
        mosaic: {
          ...ports.mosaic,
          getAgentRun: async (id) => (id === 'theirs' ? Promise.reject(forbidden) : ports.mosaic.getAgentRun(id)),
        },
      }),
    });
    world.script.answers.push('lose-request');
    await world.upload('in/talk.mov');
    await world.drain();
    await world.post((await now()).id, { flag: 'RUN_STARTED', run_id: 'theirs', agent_id: 'agent-1' });
    await world.drain();
    expect((await now()).status).toBe('uncertain');
    world.jump(uncertainWaitSeconds);
    await reconcileAndDrain();
    expect((await now()).status).toBe('running');
  });

  test('that cannot be made names its run and the cause in the log', async () => {
    let denied = false;
    world = pipelineWorld({
      outputs,
      wrap: (ports) => ({
        ...ports,
        uploads: {
          ...ports.uploads,
          link: async (key, options) => {
            if (denied) throw new Error('Access denied.');
            return ports.uploads.link(key, options);
          },
        },
      }),
    });
    denied = true;
    await world.upload('in/talk.mov');
    await world.drain();
    const { id } = await now();
    expect(world.lines).toContainEqual(
      expect.objectContaining({
        level: 'error',
        runId: id,
        error: expect.objectContaining({ message: 'Access denied.' }),
      }),
    );
  });
});

describe('reconcile', () => {
  test('wakes the others though one run is of a kind that only a newer version knows', async () => {
    const run = await started();
    world.script.finish(world.agentRunOf(run));
    world.script.sent.splice(0);
    for (const shard of ['0', '1', '2', '3']) {
      const newer = { ...runKey(`newer-${shard}`), type: 'run', id: `newer-${shard}`, status: 'queued-anew' };
      await world.runs.write({ put: { ...newer, ipk: openPk(shard), isk: '2026-01-01' } });
    }
    world.jump(300);
    await reconcileAndDrain();
    expect((await now()).status).toBe('delivered');
  });
});

test('outputs that nobody could copy for a week are given up, and what was copied stays', async () => {
  const run = await started();
  world.script.finish(world.agentRunOf(run), 2);
  await world.deliverAll();
  await world.drain('settle');
  const [first, second] = await world.copyQueue.receive();
  // The second one's message is lost each time.
  await world.copyQueue.done(second?.receipt ?? '');
  await world.copyQueue.extend(first?.receipt ?? '', 0);
  await world.drain('copy');
  world.jump(7 * 24 * 3600 - 60);
  await world.reconcile();
  await world.drain('settle');
  expect((await now()).status).toBe('copying');
  world.jump(3 * 24 * 3600);
  await world.reconcile();
  await world.drain();
  const failedOutputs = [{ id: 'output-2', reason: expect.stringContaining('within a week') }];
  expect(await now()).toMatchObject({ status: 'delivered', partial: true, outputCount: 1, failedOutputs });
  expect(await world.deliveries.head('in/talk-clip-1.mp4')).toBeDefined();
  expect(await world.deliveries.head('in/talk.manifest.json')).toBeDefined();
});

test('a run whose end nobody could write for a week fails, and its outputs stay', async () => {
  let isFull = false;
  const wrap = (ports: Ports): Ports => ({
    ...ports,
    deliveries: {
      ...ports.deliveries,
      put: async (key, ...rest) =>
        isFull && key.endsWith('.json') ? Promise.reject(new Error('No.')) : ports.deliveries.put(key, ...rest),
    },
  });
  const run = await started(wrap);
  isFull = true;
  await finish(run);
  for (let hours = 0; hours < 9 * 24; hours += 6) {
    world.jump(6 * 3600);
    for (const { receipt } of await world.copyQueue.receive()) await world.copyQueue.done(receipt);
    await world.reconcile();
    await world.drain('settle');
  }
  expect(await now()).toMatchObject({ status: 'failed', failure: 'delivery' });
  expect(await world.deliveries.head('in/talk.mp4')).toBeDefined();
});

test('an API key that is refused stops the starts with one alarm, and ends nothing that is under way', async () => {
  let isRefused = false;
  const refused = () => new MosaicError('The key was revoked.', { kind: 'unauthorised', status: 401 });
  const run = await started((ports) => ({
    ...ports,
    mosaic: {
      ...ports.mosaic,
      getAgentRun: async (id) => (isRefused ? Promise.reject(refused()) : ports.mosaic.getAgentRun(id)),
      startAgentRun: async (...call) => (isRefused ? Promise.reject(refused()) : ports.mosaic.startAgentRun(...call)),
    },
  }));
  isRefused = true;
  for (const key of ['in/2.mov', 'in/3.mov']) await world.upload(key);
  for (let passes = 0; passes < 5; passes += 1) {
    world.jump(1200);
    await world.reconcile();
    await world.drain('start');
    await world.drain('settle').catch(() => {});
  }
  const alarms = world.lines.filter(({ event, level }) => event === 'account.held' && level === 'error');
  expect(alarms).toHaveLength(1);
  expect([(await now()).status, (await world.runOf('in/2.mov')).status]).toEqual(['running', 'waiting']);
  isRefused = false;
  world.jump(1200);
  await reconcileAndDrain();
  await finish(run);
  expect((await now()).status).toBe('delivered');
  expect((await world.runOf('in/3.mov')).status).not.toBe('failed');
});
