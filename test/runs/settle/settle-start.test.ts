import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { moveRun, readRun } from '../../../shared/runs/run/move-run.ts';
import type { Run } from '../../../shared/runs/run/run.ts';
import { newRunWrites } from '../../../shared/runs/run/run-items.ts';
import { settleRun } from '../../../shared/runs/settle/settle-run.ts';
import { type PipelineWorld, pipelineWorld, uncertainWaitSeconds } from '../../support/pipeline-world.ts';
import { claimedRun } from '../run/example-run.ts';

let world: PipelineWorld;

beforeEach(() => {
  world = pipelineWorld({ outputs: { url: 'http://127.0.0.1:1', host: '127.0.0.1:1' } });
});
afterEach(() => world.close());

const lookUps = () => world.script.calls.filter((call) => call === 'list').length;

/** An accepted start shows in the run list this long after it was taken, which may be at its very last try. */
describe('the runs of an agent are not looked up before all of them must show', () => {
  test('after a call that took long', async () => {
    world.script.answers.push('lose-answer');
    world.script.beforeAnswer = async () => world.jump(100);
    await world.upload('in/talk.mov');
    await world.drain();
    world.script.sent.splice(0);
    world.jump(uncertainWaitSeconds - 1);
    await world.reconcile();
    await world.drain();
    expect(lookUps()).toBe(0);
    world.jump(1);
    await world.reconcile();
    await world.drain();
    expect(lookUps()).toBe(1);
  });

  test('after a worker that stopped in the middle of its call', async () => {
    const run = await starting(240);
    world.jump(240);
    await settleRun(world.deps, run.id);
    world.jump(uncertainWaitSeconds - 1);
    await settleRun(world.deps, run.id);
    expect([(await readRun(world.runs, run.id))?.status, lookUps()]).toEqual(['uncertain', 0]);
    world.jump(1);
    await settleRun(world.deps, run.id);
    expect([(await readRun(world.runs, run.id))?.status, lookUps()]).toEqual(['waiting', 1]);
  });
});

async function starting(seconds: number): Promise<Run> {
  const claimed = claimedRun();
  await world.runs.write(...newRunWrites(claimed));
  const waiting = await moved(claimed, { status: 'waiting', starts: 0 });
  const times = {
    startedAt: new Date(world.clock()).toISOString(),
    checkAfter: new Date(world.clock() + seconds * 1000).toISOString(),
  };
  return moved(waiting, { status: 'starting', starts: 1, slot: 0, ...times });
}

async function moved(run: Run, next: Parameters<typeof moveRun>[2]): Promise<Run> {
  const made = await moveRun(world.deps, run, next);
  if (made.outcome !== 'moved') throw new Error('The run could not be moved.');
  return made.run;
}
