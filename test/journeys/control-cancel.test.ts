import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { askResume } from '../../shared/runs/operate/resume-run.ts';
import { retryRun } from '../../shared/runs/operate/retry-run.ts';
import { askCancel } from '../../shared/runs/run/cancel-run.ts';
import { settleRun } from '../../shared/runs/settle/settle-run.ts';
import { type FileServer, serveFile } from '../support/file-server.ts';
import { uncertainWaitSeconds } from '../support/pipeline-world.ts';
import { type ControlWorld, controlWorld } from './control-world.ts';

let outputs: FileServer;
let world: ControlWorld;

beforeAll(async () => {
  outputs = await serveFile();
});
afterAll(() => outputs.close());
beforeEach(() => {
  world = controlWorld({ outputs, slots: 1 });
});
afterEach(() => world.close());

const cancel = (runId: string) => askCancel(world.deps, runId, 'wrong cut');

describe('a run that is cancelled', () => {
  test('cancelling a waiting run ends it at once at no cost', async () => {
    await world.started('in/1.mp4');
    const waiting = await world.started('in/2.mp4');
    expect(await cancel(waiting.id)).toBe('cancelled');
    expect(await world.read(waiting.id)).toMatchObject({ status: 'cancelled', reason: 'wrong cut' });
    expect(await cancel(waiting.id)).toBe('ended');
    await world.later(3600);
    expect(world.starts()).toBe(1);
    expect(await world.count('WAITING#default')).toBe(0);
  });

  test('cancelling a running run cancels it at the API, and the next run starts at once', async () => {
    const run = await world.started('in/1.mp4');
    const next = await world.started('in/2.mp4');
    expect(await cancel(run.id)).toBe('asked');
    await world.drain();
    expect(await world.read(run.id)).toMatchObject({ status: 'cancelled', reason: 'wrong cut' });
    expect(world.agentRunOf(run).report.status).toBe('cancelled');
    expect((await world.read(next.id)).status).toBe('running');
  });

  test('a run that finished before the API received the cancellation is delivered, with a warning', async () => {
    const run = await world.started('in/1.mp4');
    const agentRun = world.agentRunOf(run);
    world.script.mosaic.cancelAgentRun = async () => world.script.finish(agentRun);
    // The ports were wrapped before, so the world's own is replaced too.
    world.deps.mosaic.cancelAgentRun = world.script.mosaic.cancelAgentRun;
    await cancel(run.id);
    await world.drain();
    expect((await world.read(run.id)).status).toBe('delivered');
    expect(world.logged('cancel.too-late')).toHaveLength(1);
  });

  test('a cancelled run does not end before the API confirms it', async () => {
    const run = await world.started('in/1.mp4');
    let heard = 0;
    world.deps.mosaic.cancelAgentRun = async (agentRunId) => {
      heard += 1;
      if (heard > 1) await world.script.mosaic.cancelAgentRun(agentRunId);
    };
    await cancel(run.id);
    await world.drain();
    expect((await world.read(run.id)).status).toBe('running');
    await world.later(61);
    expect((await world.read(run.id)).status).toBe('cancelled');
    expect(heard).toBe(2);
  });

  test('cancelling a run with an unanswered start finds its agent run first, then cancels it', async () => {
    world.script.answers.push('lose-answer');
    const run = await world.started('in/1.mp4');
    expect(run.status).toBe('uncertain');
    expect(await cancel(run.id)).toBe('asked');
    await world.drain();
    expect((await world.read(run.id)).status).toBe('uncertain');
    await world.settled();
    expect((await world.read(run.id)).status).toBe('cancelled');
    expect(world.agentRunOf(run).report.status).toBe('cancelled');
  });

  test('a cancelled run whose start was lost ends once it is certain that it never began', async () => {
    world.script.answers.push('lose-request');
    const run = await world.started('in/1.mp4');
    await cancel(run.id);
    await world.later(uncertainWaitSeconds + 1);
    expect((await world.read(run.id)).status).toBe('cancelled');
    expect(world.script.runs.size).toBe(0);
  });

  test('cancelling a run during its start takes effect when the start is answered', async () => {
    await world.upload('in/1.mp4');
    world.script.beforeAnswer = async () => {
      await cancel((await world.runOf('in/1.mp4')).id);
    };
    await world.drain('start');
    await world.drain('settle');
    const run = await world.runOf('in/1.mp4');
    expect(run.status).toBe('cancelled');
    expect(world.agentRunOf(run).report.status).toBe('cancelled');
  });

  test('cancelling a copying run keeps the copied outputs and copies no more', async () => {
    const run = await world.started('in/1.mp4');
    world.script.finish(world.agentRunOf(run), 2);
    await world.deliverAll();
    await world.drain('settle');
    expect((await world.read(run.id)).status).toBe('copying');
    expect(await cancel(run.id)).toBe('cancelled');
    await world.drain();
    expect((await world.read(run.id)).status).toBe('cancelled');
    expect(world.logged('output.copied')).toEqual([]);
  });

  test('cancelling a run that is paused for credits needs no API call, because its agent run has ended', async () => {
    const run = await world.started('in/1.mp4');
    await world.report(run, { status: 'failed', needsCredits: true });
    await cancel(run.id);
    await world.drain();
    expect((await world.read(run.id)).status).toBe('cancelled');
    expect(world.script.calls).not.toContain('cancel');
  });

  test('cancelling a run during its resume cancels it at the API once the resume is visible', async () => {
    const run = await world.started('in/1.mp4');
    await world.report(run, { status: 'failed', needsCredits: true });
    const { resumeAgentRun } = world.deps.mosaic;
    world.deps.mosaic.resumeAgentRun = async (agentRunId) => {
      // Another worker looks at the run before the API has heard of the resume.
      await cancel(run.id);
      await settleRun(world.deps, run.id);
      await resumeAgentRun(agentRunId);
    };
    await askResume(world.deps);
    await world.drain();
    await world.later(200);
    expect((await world.read(run.id)).status).toBe('cancelled');
    expect(world.agentRunOf(run).report.status).toBe('cancelled');
  });

  test('reconcile finds a cancelled run whose wake-up message was lost', async () => {
    const run = await world.started('in/1.mp4');
    const lost = { ...world.deps, settleQueue: { ...world.settleQueue, send: async () => {} } };
    await askCancel(lost, run.id, 'wrong cut');
    await world.later(1);
    expect((await world.read(run.id)).status).toBe('cancelled');
  });

  test('a cancelled run can be retried as a new attempt', async () => {
    const run = await world.started('in/1.mp4');
    await expect(retryRun(world.deps, run.id)).rejects.toThrow('Cancel it first');
    await cancel(run.id);
    await world.drain();
    const next = await retryRun(world.deps, run.id);
    expect(await retryRun(world.deps, run.id)).toMatchObject({ id: next.id });
    await world.drain();
    expect(await world.read(next.id)).toMatchObject({ status: 'running', attempt: 2 });
    expect(world.script.runs.size).toBe(2);
  });
});

describe('a run past its deadline', () => {
  test('a run past its rule’s deadline is cancelled and fails once the API confirms it', async () => {
    world.close();
    world = controlWorld({ outputs, rules: { rules: [{ prefix: 'in/', agentId: 'a', deadlineMinutes: 10 }] } });
    const run = await world.started('in/1.mp4');
    await world.later(590);
    expect((await world.read(run.id)).status).toBe('running');
    await world.later(600);
    expect(await world.read(run.id)).toMatchObject({ status: 'failed', failure: 'deadline' });
    expect(world.agentRunOf(run).report.status).toBe('cancelled');
  });
});
