import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { Denied } from '../../shared/errors.ts';
import { MosaicError } from '../../shared/mosaic/errors.ts';
import { findRun, runHistory } from '../../shared/runs/operate/find-runs.ts';
import { askResume } from '../../shared/runs/operate/resume-run.ts';
import { retryRun } from '../../shared/runs/operate/retry-run.ts';
import { parseRules } from '../../shared/runs/rules/parse-rules.ts';
import { askCancel } from '../../shared/runs/run/cancel-run.ts';
import { type FileServer, serveFile } from '../support/file-server.ts';
import { runDeadlineSeconds, uncertainWaitSeconds } from '../support/pipeline-world.ts';
import type { Sent } from '../support/scripted-mosaic.ts';
import { type ControlWorld, controlWorld } from './control-world.ts';

let outputs: FileServer;
let world: ControlWorld;

beforeAll(async () => {
  outputs = await serveFile();
});
afterAll(() => outputs.close());
afterEach(() => world.close());

const openWorld = (rule: object = {}) => {
  world = controlWorld({ outputs, rules: { rules: [{ prefix: 'in/', agentId: 'agent-1', ...rule }] } });
  return world;
};
const failed = (message: string) => ({ status: 'failed', statusMessage: message }) as const;

describe('a run that failed', () => {
  test('a failed run is retried up to the cap of its rule, each attempt as a new run', async () => {
    openWorld({ retry: { attempts: 3, on: ['agent-failed'] } });
    let run = await world.started('in/1.mp4');
    for (const attempt of [2, 3]) {
      const before = await world.report(run, failed('the model fell over'));
      expect(before).toMatchObject({ status: 'failed', failure: 'agent-failed' });
      run = await world.read(before.nextRunId ?? '');
      expect(run).toMatchObject({ status: 'running', attempt, previousRunId: before.id });
    }
    expect(await world.report(run, failed('the model fell over'))).toMatchObject({ status: 'failed', attempt: 3 });
    expect(world.script.runs.size).toBe(3);
    const callbacks = [...world.script.runs.values()].map(({ request }) => request.callbackUrl);
    expect(new Set(callbacks).size).toBe(3);
    expect((await findRun(world, 'in/1.mp4'))?.id).toBe(run.id);
    expect((await runHistory(world, run.id)).map((entry) => (entry.kind === 'move' ? entry.to : entry.flag))).toContain(
      'failed',
    );
  });

  test('cancelling a run also cancels the retry that replaced it', async () => {
    openWorld({ retry: { attempts: 3, on: ['agent-failed'] } });
    const first = await world.report(await world.started('in/1.mp4'), failed('the model fell over'));
    expect(await askCancel(world.deps, first.id, 'wrong cut')).toBe('asked');
    await world.drain();
    expect(await world.read(first.nextRunId ?? '')).toMatchObject({ status: 'cancelled', attempt: 2 });
    expect(await askCancel(world.deps, first.id, 'wrong cut')).toBe('ended');
    expect(world.script.runs.size).toBe(2);
  });

  test('a failed run without a retry rule can be retried once by command', async () => {
    openWorld();
    const run = await world.report(await world.started('in/1.mp4'), failed('the model fell over'));
    expect(run.nextRunId).toBeUndefined();
    const [one, two] = await Promise.all([retryRun(world.deps, run.id), retryRun(world.deps, run.id)]);
    expect(one.id).toBe(two.id);
    await world.drain();
    expect(world.script.runs.size).toBe(2);
  });

  test('a run with an unanswered start is retried only if a person confirms that it never began', async () => {
    openWorld();
    world.script.answers.push('lose-request');
    const run = await world.started('in/1.mp4');
    world.script.strangerOf('agent-1');
    await world.later(uncertainWaitSeconds + 1);
    await world.later(runDeadlineSeconds);
    expect(await world.read(run.id)).toMatchObject({ status: 'failed', failure: 'unanswered' });
    expect(world.logged('start.unanswered-for-good', 'error')).toHaveLength(1);
    await expect(retryRun(world.deps, run.id)).rejects.toThrow('never began');
    expect((await retryRun(world.deps, run.id, { neverBegan: true })).attempt).toBe(2);
  });

  test('a run whose start was refused is retried if its rule says so', async () => {
    openWorld({ retry: { attempts: 2, on: ['refused'] } });
    const refusal = new MosaicError('no such agent', { kind: 'not-found', status: 404 });
    world.script.answers.push(refusal);
    const next = await world.started('in/1.mp4');
    expect(next).toMatchObject({ status: 'running', attempt: 2 });
    expect(await world.read(next.previousRunId ?? '')).toMatchObject({ status: 'failed', nextRunId: next.id });
  });

  test('retrying a rejected run judges its upload again', async () => {
    openWorld();
    const run = await world.started('in/1.mp4', '');
    expect(run.status).toBe('rejected');
    const next = await retryRun(world.deps, run.id);
    await world.drain();
    expect(await world.read(next.id)).toMatchObject({ status: 'rejected', attempt: 2 });
  });

  test('retrying a run that its rule rejected uses the present rule', async () => {
    openWorld({ filter: { minBytes: 1_000_000 } });
    const run = await world.started('in/1.mp4');
    expect(run.status).toBe('rejected');
    const { rules } = await world.deps.rules();
    const mended = parseRules({ rules: [{ id: rules[0]?.id, prefix: 'in/', agentId: 'agent-1' }] });
    const next = await retryRun({ ...world.deps, rules: async () => mended }, run.id);
    await world.drain();
    expect(await world.read(next.id)).toMatchObject({ status: 'running', attempt: 2 });
  });

  test('a fully delivered run cannot be retried', async () => {
    openWorld();
    const run = await world.report(await world.started('in/1.mp4'), { status: 'completed' }, 1);
    await expect(retryRun(world.deps, run.id)).rejects.toThrow('delivered whole');
    await expect(retryRun(world.deps, 'x'.repeat(24))).rejects.toThrow('There is no run');
  });
});

describe('an input that expired unread', () => {
  test('an input link that expired unread is signed again once, not twice', async () => {
    openWorld();
    const run = await world.started('in/1.mp4');
    expect(run).toMatchObject({ linkExpiresAt: '2026-01-02T04:04:05.000Z' });
    world.jump(3601);
    const expired = await world.report(run, failed('could not fetch the video: 403 Forbidden'));
    expect(expired).toMatchObject({ status: 'failed', failure: 'input-expired' });
    const again = await world.read(expired.nextRunId ?? '');
    expect(again).toMatchObject({ status: 'running', attempt: 2, linkExpiresAt: '2026-01-02T05:04:06.000Z' });
    const [first, second] = [world.agentRunOf(run), world.agentRunOf(again)].map(({ request }) => request.videoUrls);
    expect(first).not.toEqual(second);
    world.jump(3601);
    expect((await world.report(again, failed('403 Forbidden'))).nextRunId).toBeUndefined();
  });

  test('an input link that expired unread is signed again even after attempts that failed otherwise', async () => {
    openWorld({ retry: { attempts: 2, on: ['agent-failed'] } });
    const failedOnce = await world.report(await world.started('in/1.mp4'), failed('the model fell over'));
    const second = await world.read(failedOnce.nextRunId ?? '');
    world.jump(3601);
    const expired = await world.report(second, failed('403 Forbidden'));
    expect(expired).toMatchObject({ attempt: 2, failure: 'input-expired', nextRunId: expect.any(String) });
    const third = await world.read(expired.nextRunId ?? '');
    world.jump(3601);
    expect((await world.report(third, failed('403 Forbidden'))).nextRunId).toBeUndefined();
  });

  test('an input link that expired while the run was out of credits is signed again', async () => {
    openWorld();
    const run = await world.started('in/1.mp4');
    world.script.finish(world.agentRunOf(run), 0, { status: 'failed', needsCredits: true });
    const [paused] = world.script.sent.splice(-1);
    await world.deliver({ ...paused, body: { ...paused?.body, needs_credits: true } } as Sent);
    await world.settled();
    expect((await world.read(run.id)).status).toBe('paused');
    world.jump(7200);
    await askResume(world.deps);
    await world.drain();
    expect((await world.read(run.id)).status).toBe('running');
    const expired = await world.report(run, { ...failed('403 Forbidden'), needsCredits: false });
    expect(expired).toMatchObject({ failure: 'input-expired', nextRunId: expect.any(String) });
  });

  test.each([
    ['its link was still good', 3000, '403 Forbidden'],
    ['it speaks of something else', 3601, 'the model fell over'],
  ])('an input link is not taken for expired when %s', async (_, seconds, message) => {
    openWorld();
    const run = await world.started('in/1.mp4');
    world.jump(seconds);
    expect(await world.report(run, failed(message))).toMatchObject({ status: 'failed', failure: 'agent-failed' });
  });

  test('an input link is not taken for expired when the failure was reported in time but read late', async () => {
    openWorld();
    const run = await world.started('in/1.mp4');
    world.script.finish(world.agentRunOf(run), 0, failed('403 Forbidden'));
    await world.deliverAll();
    world.jump(7200);
    await world.drain();
    expect(await world.read(run.id)).toMatchObject({ failure: 'agent-failed' });
  });

  test('an input link with less than an hour left is not sent to the API', async () => {
    openWorld();
    const { link } = world.deps.uploads;
    world.deps.uploads.link = async (key, options) => ({
      url: (await link(key, options)).url,
      expiresAt: new Date(world.clock() + 1800_000),
    });
    const run = await world.started('in/1.mp4');
    expect(run.status).toBe('waiting');
    expect(world.starts()).toBe(0);
    expect(world.logged('start.not-made', 'error')).toHaveLength(1);
    world.deps.uploads.link = link;
    await world.later(61);
    expect((await world.read(run.id)).status).toBe('running');
  });

  test('an input that cannot be signed raises one alarm and starts once signing works', async () => {
    openWorld();
    const { link } = world.deps.uploads;
    world.deps.uploads.link = async () => {
      throw new Denied('AssumeRole of the signer was denied.');
    };
    const run = await world.started('in/1.mp4');
    for (let minute = 0; minute < 3; minute += 1) await world.later(61);
    expect(world.logged('upload.denied', 'error')).toHaveLength(1);
    expect(world.logged('upload.denied', 'warn').length).toBeGreaterThan(1);
    expect(world.starts()).toBe(0);
    world.deps.uploads.link = link;
    await world.later(61);
    expect((await world.read(run.id)).status).toBe('running');
  });
});
