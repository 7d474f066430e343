import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { MosaicError } from '../../shared/mosaic/errors.ts';
import { parseObjectCreated } from '../../shared/platform/events.ts';
import type { Received } from '../../shared/platform/ports.ts';
import { claimRun } from '../../shared/runs/create/claim-run.ts';
import type { Run, Uncertain } from '../../shared/runs/run/run.ts';
import { confirmStart } from '../../shared/runs/start/confirm-start.ts';
import { crashingPorts } from '../support/crashing-ports.ts';
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
beforeEach(() => {
  world = pipelineWorld({ outputs });
});
afterEach(() => world.close());

const started = async (key = 'in/talk.mov'): Promise<Run> => {
  await world.upload(key);
  await world.drain();
  return world.runOf(key);
};

const manifestAt = async (key: string) => JSON.parse(await world.textAt(key));

describe('an upload that goes well', () => {
  test('arrives in the deliveries with a manifest that names it', async () => {
    const run = await started('in/day 1/talk.mov');
    world.script.finish(world.agentRunOf(run), 2);
    await world.deliverAll();
    await world.drain();

    const done = await world.runOf('in/day 1/talk.mov');
    expect(done).toMatchObject({ status: 'delivered', partial: false, outputCount: 2 });
    const manifest = await manifestAt('in/day 1/talk.manifest.json');
    expect(manifest.input).toMatchObject({ bucket: 'uploads', key: 'in/day 1/talk.mov', size: 20 });
    expect(manifest.outputs.map(({ key }: { key: string }) => key)).toEqual([
      'in/day 1/talk-clip-1.mp4',
      'in/day 1/talk-clip-2.mp4',
    ]);
    for (const { key, size } of manifest.outputs)
      expect(await world.deliveries.head(key)).toMatchObject({ size, contentType: 'video/mp4' });
  });

  test('gives its slot back before it is copied, so that the next one starts', async () => {
    const [first, second, third] = ['in/1.mp4', 'in/2.mp4', 'in/3.mp4'];
    const run = await started(first);
    await started(second);
    await world.upload(third);
    await world.drain();
    expect((await world.runOf(third)).status).toBe('waiting');

    world.script.finish(world.agentRunOf(run));
    await world.deliverAll();
    await world.drain();
    expect((await world.runOf(third)).status).toBe('running');
    expect((await world.runOf(second)).status).toBe('running');
  });

  test('tells how far it is, and never less than before', async () => {
    const run = await started();
    for (const progress of [0.4, 0.2]) {
      world.script.progress(world.agentRunOf(run), progress);
      await world.deliverAll();
      await world.drain();
      expect(await world.runOf('in/talk.mov')).toMatchObject({ status: 'running', progress: 0.4 });
    }
  });

  test('leaves no signed link in the table or the log', async () => {
    const run = await started();
    world.script.finish(world.agentRunOf(run));
    await world.deliverAll();
    await world.drain();
    const { items } = await world.runs.query({ pk: `RUN#${run.id}` });
    expect(items.length).toBeGreaterThan(3);
    expect(JSON.stringify([items, world.lines])).not.toMatch(/signature=|secret/);
  });
});

describe('an upload that is not to be edited', () => {
  test.each([
    ['in/.DS_Store', 'a video', 'ignored'],
    ['in/talk.mp4.part', 'a video', 'ignored'],
    ['in/folder/', '', 'ignored'],
    ['in/empty.mp4', '', 'rejected'],
  ])('%s with %j is %s, with the reason, and costs nothing', async (key, body, status) => {
    await world.upload(key, body);
    await world.drain();
    expect(await world.runOf(key)).toMatchObject({ status, reason: expect.stringMatching(/./) });
    expect(world.script.calls).toEqual([]);
  });

  test('and that no rule takes leaves a line in the log only', async () => {
    await world.upload('elsewhere/talk.mp4');
    await world.drain();
    await expect(world.runOf('elsewhere/talk.mp4')).rejects.toThrow('has no run');
    expect(world.lines.map(({ event }) => event)).toEqual(['upload.passed-over']);
  });

  test('because it is a delivery that came round again is ignored', async () => {
    await world.uploads.put('in/again.mp4', 'a video', { metadata: { 'tessera-run-id': 'x' } });
    await world.drain();
    expect((await world.runOf('in/again.mp4')).status).toBe('ignored');
  });
});

describe('uploads that wait for a slot', () => {
  test('start by priority, then by arrival', async () => {
    world.close();
    const rules = {
      rules: [
        { prefix: 'in/vip/', agentId: 'b', priority: 9 },
        { prefix: 'in/', agentId: 'a' },
      ],
    };
    world = pipelineWorld({ outputs, rules, slots: 1 });
    const first = await started('in/first.mp4');
    for (const key of ['in/second.mp4', 'in/vip/third.mp4']) {
      world.jump(1);
      await started(key);
    }
    world.script.finish(world.agentRunOf(first));
    await world.deliverAll();
    await world.drain();
    expect((await world.runOf('in/vip/third.mp4')).status).toBe('running');
    expect((await world.runOf('in/second.mp4')).status).toBe('waiting');
  });

  test('do not wait for one that cannot be read', async () => {
    world.close();
    let denied = false;
    const wrap = (ports: Ports): Ports => ({
      ...ports,
      uploads: {
        ...ports.uploads,
        head: async (key, options) => {
          if (denied && key === 'in/1.mp4') throw new Error('Access denied.');
          return ports.uploads.head(key, options);
        },
      },
    });
    world = pipelineWorld({ outputs, slots: 1, wrap });
    const running = await started('in/0.mp4');
    for (const key of ['in/1.mp4', 'in/2.mp4']) {
      world.jump(1);
      await started(key);
    }
    denied = true;
    world.script.finish(world.agentRunOf(running));
    await world.deliverAll();
    await world.drain('settle');
    await world.drain('start');
    expect((await world.runOf('in/1.mp4')).status).toBe('waiting');
    expect((await world.runOf('in/2.mp4')).status).toBe('running');
  });

  test('and are deleted meanwhile fail without a paid start', async () => {
    world.close();
    const gone = new Set<string>();
    const wrap = (ports: Ports): Ports => ({
      ...ports,
      uploads: {
        ...ports.uploads,
        head: async (key, options) => (gone.has(key) ? undefined : ports.uploads.head(key, options)),
      },
    });
    world = pipelineWorld({ outputs, slots: 1, wrap });
    const running = await started('in/0.mp4');
    expect((await started('in/1.mp4')).status).toBe('waiting');
    gone.add('in/1.mp4');
    world.script.finish(world.agentRunOf(running));
    await world.deliverAll();
    await world.drain();
    expect(await world.runOf('in/1.mp4')).toMatchObject({
      status: 'failed',
      reason: expect.stringContaining('deleted'),
    });
    expect(world.script.runs.size).toBe(1);
  });
});

describe('what repeats itself', () => {
  test('an upload announced many times at once is paid once', async () => {
    await world.upload('in/talk.mov');
    const [event] = await world.startQueue.receive();
    await world.startQueue.send(...Array.from({ length: 5 }, () => ({ body: JSON.parse(event?.body ?? '') })));
    await Promise.all([world.drain(), world.drain(), world.drain()]);
    world.jump(120);
    await world.drain();
    expect(world.script.runs.size).toBe(1);
  });

  test('webhooks that are repeated, late and out of order change nothing', async () => {
    const run = await started();
    const agentRun = world.agentRunOf(run);
    world.script.progress(agentRun, 0.5);
    world.script.finish(agentRun);
    const sent = world.script.sent.splice(0).reverse();
    for (const webhook of [...sent, ...sent]) {
      await world.deliver(webhook);
      await world.drain();
    }
    expect((await world.runOf('in/talk.mov')).status).toBe('delivered');
    expect(world.lines.filter(({ event }) => event === 'output.copied')).toHaveLength(1);
    expect(await world.deliveries.head('in/talk.manifest-2.json')).toBeUndefined();
  });
});

describe('a start that is refused', () => {
  const refusal = (kind: 'concurrency' | 'credits' | 'forbidden' | 'bad-request', retryAfterSeconds?: number) =>
    new MosaicError(`refused: ${kind}`, { kind, status: 403, retryAfterSeconds });

  test('for want of room waits, and goes on when asked to come back', async () => {
    world.script.answers.push(refusal('concurrency', 77));
    expect(await started()).toMatchObject({ status: 'waiting', refusal: { kind: 'concurrency' } });
    world.jump(70);
    await world.drain();
    expect(world.script.calls.filter((call) => call === 'start')).toHaveLength(1);
    world.jump(7);
    await world.drain();
    expect((await world.runOf('in/talk.mov')).status).toBe('running');
  });

  test('for want of credits stops the account with one call and one alarm, however many wait', async () => {
    world.script.answers.push(refusal('credits'), refusal('credits'));
    for (const key of ['in/1.mp4', 'in/2.mp4', 'in/3.mp4']) {
      await world.upload(key);
      await world.drain();
      world.jump(1);
    }
    expect(world.script.calls).toEqual(['start']);
    world.jump(30);
    await world.drain();
    expect(world.script.calls).toEqual(['start', 'start']);
    expect(world.lines.filter(({ level, event }) => level === 'error' && event === 'account.held')).toHaveLength(1);
    world.jump(60);
    await world.drain();
    expect((await world.runOf('in/1.mp4')).status).toBe('running');
    expect((await world.runOf('in/2.mp4')).status).toBe('running');
  });

  test('with a 403 that says nothing waits by itself and lets others pass', async () => {
    world.script.answers.push(refusal('forbidden'));
    expect((await started('in/1.mp4')).status).toBe('waiting');
    expect((await started('in/2.mp4')).status).toBe('running');
    world.jump(30);
    await world.drain();
    expect((await world.runOf('in/1.mp4')).status).toBe('running');
  });

  test('for good fails with what was said, and frees its slot', async () => {
    world.script.answers.push(refusal('bad-request'));
    expect(await started('in/1.mp4')).toMatchObject({ status: 'failed', reason: 'refused: bad-request' });
    expect((await started('in/2.mp4')).status).toBe('running');
    expect((await started('in/3.mp4')).status).toBe('running');
  });
});

describe('a start that is not answered', () => {
  test('is healed by its own webhook, without another start', async () => {
    world.script.answers.push('lose-answer');
    expect((await started()).status).toBe('uncertain');
    await world.deliverAll();
    await world.drain();
    expect((await world.runOf('in/talk.mov')).status).toBe('running');
    expect(world.script.runs.size).toBe(1);
  });

  test('is healed by a webhook that comes before the answer', async () => {
    world.script.beforeAnswer = async () => {
      await world.deliverAll();
      await world.drain('settle');
      expect((await world.runOf('in/talk.mov')).status).toBe('running');
    };
    await world.upload('in/talk.mov');
    await world.drain('start');
    expect((await world.runOf('in/talk.mov')).status).toBe('running');
    expect(world.lines.filter(({ level }) => level === 'error')).toEqual([]);
  });

  test('pays for no other when its answer comes after it was given up', async () => {
    world.script.answers.push('lose-request');
    const given = (await started()) as Uncertain;
    world.jump(uncertainWaitSeconds);
    await world.drain('settle');
    expect((await world.runOf('in/talk.mov')).status).toBe('waiting');
    const late = world.script.strangerOf('agent-1');
    await confirmStart(world.deps, given, late.agentRunId);
    await world.drain();
    expect(await world.runOf('in/talk.mov')).toMatchObject({ status: 'running', agentRunId: late.agentRunId });
    expect(world.script.calls.filter((call) => call === 'start')).toHaveLength(1);
  });

  test('starts again when the wait is over and the agent has no run that is unknown', async () => {
    const known = await started('in/known.mp4');
    world.script.answers.push('lose-request');
    expect((await started()).status).toBe('uncertain');
    world.jump(uncertainWaitSeconds);
    await world.drain();
    expect((await world.runOf('in/talk.mov')).status).toBe('running');
    expect((await world.runOf('in/known.mp4')).id).toBe(known.id);
    expect(world.script.runs.size).toBe(2);
  });

  test('never takes over a run that it merely found, and asks a person in the end', async () => {
    world.script.answers.push('lose-request');
    await started();
    world.script.strangerOf('agent-1');
    world.jump(uncertainWaitSeconds);
    await world.drain();
    expect((await world.runOf('in/talk.mov')).status).toBe('uncertain');
    world.jump(runDeadlineSeconds);
    await world.reconcile();
    await world.drain();
    const run = await world.runOf('in/talk.mov');
    expect(run).toMatchObject({ status: 'failed', reason: expect.stringContaining('A person must look') });
    expect(world.script.calls.filter((call) => call === 'start')).toHaveLength(1);
  });

  test('keeps other starts of its agent back, but not those of another agent', async () => {
    world.close();
    const rules = {
      rules: [
        { prefix: 'a/', agentId: 'agent-a' },
        { prefix: 'b/', agentId: 'agent-b' },
      ],
    };
    world = pipelineWorld({ outputs, rules, slots: 5 });
    world.script.answers.push('lose-answer');
    expect((await started('a/1.mp4')).status).toBe('uncertain');
    expect((await started('a/2.mp4')).status).toBe('waiting');
    expect((await started('b/1.mp4')).status).toBe('running');
    await world.deliverAll();
    await world.drain();
    await world.reconcile();
    await world.drain();
    expect((await world.runOf('a/2.mp4')).status).toBe('running');
  });

  test('does not believe a webhook about an agent run of another agent', async () => {
    world.script.answers.push('lose-request');
    const run = await started();
    const other = world.script.strangerOf('agent-2');
    world.script.sent.splice(0);
    await world.post(run.id, { flag: 'RUN_STARTED', run_id: other.agentRunId, agent_id: 'agent-1' });
    await world.drain();
    expect((await world.runOf('in/talk.mov')).status).toBe('uncertain');
  });
});

describe('an agent run that does not end well', () => {
  test.each([
    ['failed', { status: 'failed', statusMessage: 'No speech was found.' }, 'failed', 'No speech was found.'],
    ['cancelled', { status: 'cancelled' }, 'cancelled', 'cancelled'],
    ['completed without outputs', { outputs: [] }, 'failed', 'no output'],
  ] as const)('%s ends the run with its reason and frees the slot', async (_name, report, status, words) => {
    const run = await started();
    world.script.finish(world.agentRunOf(run), 1, report);
    await world.deliverAll();
    await world.drain();
    expect(await world.runOf('in/talk.mov')).toMatchObject({ status, reason: expect.stringContaining(words) });
    expect((await world.runs.query({ pk: 'SLOTS#default' })).items).toEqual([]);
  });

  test('is delivered in part when some nodes failed', async () => {
    const run = await started();
    const errors = [{ nodeId: 'node-9', messages: ['music is out of tune'] }];
    world.script.finish(world.agentRunOf(run), 1, { status: 'partial_complete', errors });
    await world.deliverAll();
    await world.drain();
    const done = await world.runOf('in/talk.mov');
    expect(done).toMatchObject({ status: 'delivered', partial: true });
    expect(await manifestAt('in/talk.manifest.json')).toMatchObject({ partial: true, nodeErrors: errors });
  });

  test('is paused while credits are out and goes on afterwards', async () => {
    const run = await started();
    const agentRun = world.agentRunOf(run);
    agentRun.report = { ...agentRun.report, needsCredits: true };
    world.script.progress(agentRun, 0.5);
    await world.deliverAll();
    await world.drain();
    expect((await world.runOf('in/talk.mov')).status).toBe('paused');
    world.script.finish(agentRun, 1, { needsCredits: false });
    await world.deliverAll();
    await world.drain();
    expect((await world.runOf('in/talk.mov')).status).toBe('delivered');
  });

  test('is cancelled when it passes its deadline', async () => {
    await started();
    world.jump(runDeadlineSeconds + 1);
    await world.reconcile();
    await world.drain();
    expect((await world.runOf('in/talk.mov')).status).toBe('failed');
    expect(world.script.calls).toContain('cancel');
  });
});

describe('what got lost', () => {
  const ruleOfWorld = { id: 'in/*', prefix: 'in/', agentId: 'agent-1', priority: 5 };
  const uploadIn = (message: Received | undefined) => {
    const [upload] = parseObjectCreated(JSON.parse(message?.body ?? '{}'));
    if (upload === undefined) throw new Error('The message announces no upload.');
    return upload;
  };

  test('every webhook: reconcile finds the end by asking', async () => {
    const run = await started();
    world.script.finish(world.agentRunOf(run));
    world.script.sent.splice(0);
    world.jump(300);
    await world.reconcile();
    await world.drain();
    expect((await world.runOf('in/talk.mov')).status).toBe('delivered');
  });

  test('an upload whose worker stopped right after the claim, and whose message is gone', async () => {
    world.close();
    const process = crashingPorts({ write: 2, when: 'after' });
    world = pipelineWorld({ outputs, wrap: process.wrap });
    await world.upload('in/talk.mov');
    const [message] = await world.startQueue.receive();
    await expect(claimRun(world.deps, uploadIn(message), ruleOfWorld)).rejects.toThrow();
    process.restart();
    await world.startQueue.done(message?.receipt ?? '');
    expect((await world.runOf('in/talk.mov')).status).toBe('claimed');
    world.jump(120);
    await world.reconcile();
    await world.drain();
    expect((await world.runOf('in/talk.mov')).status).toBe('running');
  });

  test('an output that cannot be copied for good is named, and the others are delivered', async () => {
    const run = await started();
    const agentRun = world.agentRunOf(run);
    world.script.finish(agentRun, 2);
    await world.deliverAll();
    // Between the end of the agent run and the copy, one output disappears from its list.
    await world.drain('settle');
    agentRun.report = { ...agentRun.report, outputs: agentRun.report.outputs.slice(0, 1) };
    await world.drain();
    const failed = { id: 'output-2', reason: expect.stringContaining('no longer offers it') };
    expect(await world.runOf('in/talk.mov')).toMatchObject({
      ...{ status: 'delivered', partial: true, outputCount: 1, failedOutputs: [failed] },
    });
    expect(await world.deliveries.head('in/talk-clip-1.mp4')).toBeDefined();
    expect(await manifestAt('in/talk.manifest.json')).toMatchObject({
      partial: true,
      outputs: [{ outputId: 'output-1', kind: 'video' }],
      failed: [{ outputId: 'output-2', kind: 'video', reason: failed.reason }],
    });
  });
});
