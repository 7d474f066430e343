import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { MosaicError } from '../../shared/mosaic/errors.ts';
import { askResume } from '../../shared/runs/operate/resume-run.ts';
import { retryRun } from '../../shared/runs/operate/retry-run.ts';
import { type FileServer, serveFile } from '../support/file-server.ts';
import { type ControlWorld, controlWorld } from './control-world.ts';

let outputs: FileServer;
let world: ControlWorld;

beforeAll(async () => {
  outputs = await serveFile();
});
afterAll(() => outputs.close());
beforeEach(() => {
  const rules = {
    rules: [
      { prefix: 'in/', agentId: 'agent-1' },
      { prefix: 'other/', agentId: 'agent-2' },
    ],
  };
  world = controlWorld({ outputs, rules });
});
afterEach(() => world.close());

const noCredits = () => new MosaicError('refused: credits', { kind: 'credits', status: 403 });
const broke = { status: 'failed', needsCredits: true } as const;

describe('an account that is out of credits', () => {
  test('an account without credits starts no run of any rule and raises one alarm', async () => {
    const run = await world.started('in/1.mp4');
    expect(await world.report(run, broke)).toMatchObject({ status: 'paused' });
    expect((await world.started('other/2.mp4')).status).toBe('waiting');
    expect((await world.started('in/3.mp4')).status).toBe('waiting');
    expect(world.starts()).toBe(1);
    expect(world.logged('account.held', 'error')).toHaveLength(1);
  });

  test('an account whose credits return resumes the paused run and starts waiting runs by itself', async () => {
    const run = await world.started('in/1.mp4');
    await world.report(run, broke);
    await world.started('other/2.mp4');
    await world.later(31);
    // Whoever comes first, the start or the resume, is the one probe.
    await world.later(61);
    await world.later(61);
    expect(world.resumes).toEqual([world.agentRunOf(run).agentRunId]);
    expect((await world.read(run.id)).status).toBe('running');
    expect((await world.runOf('other/2.mp4')).status).toBe('running');
    expect(await world.runs.get({ pk: 'ACCOUNT#default', sk: 'HOLD' })).toBeUndefined();
    const done = await world.report(run, { status: 'completed', needsCredits: false }, 1);
    expect(done.status).toBe('delivered');
    expect(world.agentRunOf(run)).toBeDefined();
  });

  test('an account whose credits return continues at once when a person resumes it', async () => {
    const run = await world.started('in/1.mp4');
    await world.report(run, broke);
    expect((await world.started('in/2.mp4')).status).toBe('waiting');
    await askResume(world.deps);
    await world.drain();
    expect(world.resumes).toHaveLength(1);
    expect((await world.read(run.id)).status).toBe('running');
    expect((await world.runOf('in/2.mp4')).status).toBe('running');
  });

  test('resuming a run by id resumes only that run', async () => {
    const run = await world.started('in/1.mp4');
    await world.report(run, broke);
    await askResume(world.deps, run.id);
    await world.drain();
    expect(await world.read(run.id)).toMatchObject({ status: 'running' });
    expect((await world.read(run.id)).resumeAsked).toBeUndefined();
  });

  test('an account without credits is probed with backoff, one call at a time', async () => {
    const run = await world.started('in/1.mp4');
    const other = await world.started('other/1.mp4');
    await world.report(run, broke);
    await world.report(other, broke);
    world.resumeAnswers.push(...Array.from({ length: 200 }, noCredits));
    for (let minute = 0; minute < 120; minute += 1) await world.later(60);
    // 30 s, 1, 2, 4, 8 and then 15 minutes, for both runs together.
    expect(world.resumes.length).toBeGreaterThan(5);
    expect(world.resumes.length).toBeLessThan(16);
    expect(world.logged('account.held', 'error')).toHaveLength(1);
    expect((await world.read(run.id)).status).toBe('paused');
  });

  test('a resume that is accepted and fails at once is retried with backoff', async () => {
    const run = await world.started('in/1.mp4');
    await world.report(run, broke);
    for (let minute = 0; minute < 60; minute += 1) {
      await world.later(60);
      world.agentRunOf(run).report = { ...world.agentRunOf(run).report, ...broke };
    }
    expect(world.resumes.length).toBeGreaterThan(2);
    expect(world.resumes.length).toBeLessThan(12);
    expect(world.logged('account.held', 'error')).toHaveLength(1);
  });

  test('an unanswered resume is checked, not repeated', async () => {
    const run = await world.started('in/1.mp4');
    await world.report(run, broke);
    world.resumeAnswers.push('lose-answer');
    await askResume(world.deps);
    await world.drain();
    expect((await world.read(run.id)).status).toBe('paused');
    await world.later(61);
    expect((await world.read(run.id)).status).toBe('running');
    expect(world.resumes).toHaveLength(1);
  });

  test('a run that was resumed elsewhere is left alone', async () => {
    const run = await world.started('in/1.mp4');
    await world.report(run, broke);
    const agentRun = world.agentRunOf(run);
    agentRun.report = { ...agentRun.report, status: 'running', needsCredits: false };
    await world.later(901);
    expect((await world.read(run.id)).status).toBe('running');
    expect(world.resumes).toEqual([]);
  });

  test('a run without credits fails after a week and frees its slot', async () => {
    const run = await world.started('in/1.mp4');
    await world.report(run, broke);
    world.resumeAnswers.push(...Array.from({ length: 500 }, noCredits));
    for (let day = 0; day < 8; day += 1) await world.later(86_400);
    expect(await world.read(run.id)).toMatchObject({ status: 'failed', failure: 'out-of-credits' });
    expect(await world.count('SLOTS#default')).toBe(0);
  });

  test('a partial run without credits delivers its outputs and is not retried automatically', async () => {
    const run = await world.started('in/1.mp4');
    const part = await world.report(run, { status: 'partial_complete', needsCredits: true }, 1);
    expect(part).toMatchObject({ status: 'delivered', partial: true });
    expect(world.resumes).toEqual([]);
    expect(world.script.runs.size).toBe(1);
    const next = await retryRun(world.deps, run.id);
    await world.drain();
    expect(await world.read(next.id)).toMatchObject({ status: 'running', attempt: 2, previousRunId: run.id });
    expect((await world.runOf('in/1.mp4')).id).toBe(next.id);
  });
});
