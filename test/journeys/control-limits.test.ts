import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { MosaicError } from '../../shared/mosaic/errors.ts';
import { pause, readPauses, unpause } from '../../shared/runs/capacity/pause.ts';
import { askResume } from '../../shared/runs/operate/resume-run.ts';
import { startWaiting } from '../../shared/runs/start/start-waiting.ts';
import { type FileServer, serveFile } from '../support/file-server.ts';
import { type ControlWorld, controlWorld } from './control-world.ts';

let outputs: FileServer;
let world: ControlWorld;

beforeAll(async () => {
  outputs = await serveFile();
});
afterAll(() => outputs.close());
afterEach(() => world.close());

const openWorld = (rules: object, slots = 10) => {
  world = controlWorld({ outputs, rules, slots });
};
const one = { prefix: 'in/', agentId: 'agent-1' };
const upload = async (prefix: string, count: number) => {
  for (let number = 1; number <= count; number += 1) {
    await world.started(`${prefix}${number}.mp4`);
    world.jump(1);
  }
};
const statuses = async (prefix: string, count: number) => {
  const found: string[] = [];
  for (let number = 1; number <= count; number += 1) found.push((await world.runOf(`${prefix}${number}.mp4`)).status);
  return found;
};
const noRoom = (retryAfterSeconds?: number) =>
  new MosaicError('refused: concurrency', { kind: 'concurrency', status: 403, retryAfterSeconds });

describe('slots of a rule', () => {
  test('slots of a rule limit only that rule, and its next run starts when one is freed', async () => {
    openWorld(
      {
        rules: [
          { ...one, slots: 1 },
          { prefix: 'other/', agentId: 'agent-2' },
        ],
      },
      3,
    );
    await upload('in/', 3);
    await upload('other/', 1);
    expect(await statuses('in/', 3)).toEqual(['running', 'waiting', 'waiting']);
    expect(await statuses('other/', 1)).toEqual(['running']);
    const first = await world.runOf('in/1.mp4');
    await world.report(first, { status: 'failed' });
    expect(await statuses('in/', 3)).toEqual(['failed', 'running', 'waiting']);
    expect(await world.count('RULESLOTS#in/*')).toBe(1);
  });
});

describe('a learned concurrency limit', () => {
  test('a learned concurrency limit holds for an hour without refused calls, then one more start is tried', async () => {
    openWorld({ rules: [one] });
    await upload('in/', 3);
    world.script.answers.push(noRoom());
    await upload('in/more-', 2);
    expect(world.starts()).toBe(4);
    expect(await statuses('in/more-', 2)).toEqual(['waiting', 'waiting']);
    await world.later(1800);
    expect(world.starts()).toBe(4);
    await world.report(await world.runOf('in/1.mp4'), { status: 'failed' });
    expect(world.starts()).toBe(5);
    await world.later(1801);
    // One more than the three that were allowed: it is let in, so the limit is raised.
    expect(await statuses('in/more-', 2)).toEqual(['running', 'running']);
    expect(world.starts()).toBe(6);
    expect(await world.runs.get({ pk: 'ACCOUNT#default', sk: 'LIMIT' })).toMatchObject({ limit: 4 });
  });

  test('no concurrency limit is learned while other users fill the account: it waits as long as the API asks', async () => {
    openWorld({ rules: [one] });
    world.script.answers.push(noRoom(200));
    await upload('in/', 1);
    expect(await world.runs.get({ pk: 'ACCOUNT#default', sk: 'LIMIT' })).toBeUndefined();
    await world.later(150);
    expect(world.starts()).toBe(1);
    await world.later(60);
    expect(await statuses('in/', 1)).toEqual(['running']);
  });

  test('a learned concurrency limit is forgotten when a person resumes', async () => {
    openWorld({ rules: [one] });
    await upload('in/', 1);
    world.script.answers.push(noRoom());
    await upload('in/more-', 1);
    await askResume(world.deps);
    await world.drain();
    expect(await statuses('in/more-', 1)).toEqual(['running']);
  });
});

describe('too many requests', () => {
  test('too many requests stop all starts for as long as the API asks', async () => {
    openWorld({ rules: [one, { prefix: 'other/', agentId: 'agent-2' }] });
    world.script.answers.push(
      new MosaicError('slow down', { kind: 'rate-limited', status: 429, retryAfterSeconds: 120 }),
    );
    await upload('in/', 1);
    await upload('other/', 2);
    await world.later(100);
    expect(world.starts()).toBe(1);
    await world.later(30);
    expect([...(await statuses('in/', 1)), ...(await statuses('other/', 2))]).toEqual([
      'running',
      'running',
      'running',
    ]);
  });
});

describe('an expired hold', () => {
  test('an expired hold is probed by one start, however many workers run', async () => {
    const rules = Array.from({ length: 5 }, (_, number) => ({ prefix: `in/${number}/`, agentId: `agent-${number}` }));
    openWorld({ rules });
    const refusal = new MosaicError('refused: credits', { kind: 'credits', status: 403 });
    world.script.answers.push(refusal, refusal);
    for (let number = 0; number < 5; number += 1) await world.upload(`in/${number}/a.mp4`);
    await world.drain();
    expect(world.starts()).toBe(1);
    world.jump(31);
    await Promise.all(Array.from({ length: 5 }, () => startWaiting(world.deps)));
    expect(world.starts()).toBe(2);
    await world.later(61);
    expect(world.script.runs.size).toBe(5);
  });
});

describe('a pause', () => {
  test('a pause of the pipeline stops all starts, keeps uploads waiting, and ends by command', async () => {
    openWorld({ rules: [one] });
    await upload('in/', 1);
    await pause(world.deps, { reason: 'maintenance' });
    await pause(world.deps, { reason: 'again' });
    await upload('in/new-', 2);
    expect((await readPauses(world)).all?.reason).toBe('maintenance');
    expect(await statuses('in/new-', 2)).toEqual(['waiting', 'waiting']);
    await world.report(await world.runOf('in/1.mp4'), { status: 'completed' }, 1);
    expect(await statuses('in/', 1)).toEqual(['delivered']);
    await world.later(3600);
    expect(await statuses('in/new-', 2)).toEqual(['waiting', 'waiting']);
    await unpause(world.deps);
    await world.drain();
    expect(await statuses('in/new-', 2)).toEqual(['running', 'running']);
  });

  test('a pause takes effect at once, also during a round of starts', async () => {
    openWorld({ rules: [one] });
    world.script.beforeAnswer = () => pause(world.deps, { reason: 'stop' });
    const upload2 = ['in/1.mp4', 'in/2.mp4'].map((key) => world.upload(key));
    await Promise.all(upload2);
    await world.drain();
    expect((await statuses('in/', 2)).toSorted()).toEqual(['running', 'waiting']);
  });

  test('a pause of one rule does not affect other rules', async () => {
    openWorld({
      rules: [
        { ...one, id: 'mine' },
        { prefix: 'other/', agentId: 'agent-2' },
      ],
    });
    await pause(world.deps, { ruleId: 'mine', reason: 'wrong cut' });
    await upload('in/', 1);
    await upload('other/', 1);
    expect(await statuses('in/', 1)).toEqual(['waiting']);
    expect(await statuses('other/', 1)).toEqual(['running']);
    await unpause(world.deps, 'mine');
    await world.drain();
    expect(await statuses('in/', 1)).toEqual(['running']);
  });

  test('a pause of a rule with several agents pauses all of them', async () => {
    openWorld({ rules: [{ id: 'mine', prefix: 'in/', agentIds: ['agent-1', 'agent-2'] }], match: 'all' });
    await pause(world.deps, { ruleId: 'mine', reason: 'wrong cut' });
    await upload('in/', 1);
    expect(world.starts()).toBe(0);
  });
});

describe('hourly caps', () => {
  test('an hourly cap stops a storm of uploads, logs it once, and lets the rest start in the next hour', async () => {
    openWorld({ maxRunsPerHour: 2, rules: [one] });
    await upload('in/', 5);
    await world.later(60);
    expect(world.starts()).toBe(2);
    expect(world.logged('storm.stopped', 'error')).toHaveLength(1);
    await world.later(3600);
    expect(world.starts()).toBe(4);
    expect(world.logged('storm.stopped', 'error')).toHaveLength(2);
    await world.later(3600);
    expect(world.starts()).toBe(5);
  });

  test('an hourly cap of one rule does not affect other rules', async () => {
    openWorld({
      rules: [
        { ...one, maxRunsPerHour: 1 },
        { prefix: 'other/', agentId: 'agent-2' },
      ],
    });
    await upload('in/', 2);
    await upload('other/', 2);
    expect(await statuses('in/', 2)).toEqual(['running', 'waiting']);
    expect(await statuses('other/', 2)).toEqual(['running', 'running']);
  });

  test('hourly caps are exact when many runs start at once', async () => {
    const rules = Array.from({ length: 6 }, (_, number) => ({ prefix: `in/${number}/`, agentId: `agent-${number}` }));
    openWorld({ maxRunsPerHour: 4, rules });
    for (let number = 0; number < 6; number += 1) await world.upload(`in/${number}/a.mp4`);
    await Promise.all(Array.from({ length: 6 }, () => world.drain('start')));
    expect(world.script.runs.size).toBe(4);
  });
});

describe('a hold whose probe was lost', () => {
  test('a hold whose probe got no answer ends when its webhook shows that it was accepted', async () => {
    openWorld({ rules: [one, { prefix: 'other/', agentId: 'agent-2' }] });
    world.script.answers.push(new MosaicError('refused: credits', { kind: 'credits', status: 403 }), 'lose-answer');
    await upload('in/', 1);
    await upload('other/', 1);
    await world.later(31);
    expect(await statuses('in/', 1)).toEqual(['uncertain']);
    expect(await statuses('other/', 1)).toEqual(['waiting']);
    await world.settled();
    expect(await statuses('in/', 1)).toEqual(['running']);
    expect(await statuses('other/', 1)).toEqual(['running']);
  });
});

describe('a daily budget', () => {
  const rate = { perRun: 4 };
  const budget = { perDay: 10, currency: 'EUR' };

  test('a daily budget stops new runs, logs it once, and lets them start on the next day', async () => {
    openWorld({ budget, rules: [{ ...one, rate }] });
    await upload('in/', 4);
    await world.later(3600);
    expect(world.starts()).toBe(2);
    expect(world.logged('budget.reached', 'error')).toHaveLength(1);
    await world.later(86_400);
    expect(world.starts()).toBe(4);
  });

  test('a daily budget is refunded for a start that definitely never ran', async () => {
    openWorld({ budget, rules: [{ ...one, rate }] });
    world.script.answers.push(new MosaicError('no such parameter', { kind: 'bad-request', status: 400 }));
    await upload('in/', 4);
    expect(await statuses('in/', 4)).toEqual(['failed', 'running', 'running', 'waiting']);
  });

  test('a daily budget counts a start on the day it is sent, even if its link was signed the day before', async () => {
    openWorld({ budget, rules: [{ ...one, rate }] });
    const { link } = world.deps.uploads;
    world.deps.uploads.link = async (key, options) => {
      world.jump(86_400);
      return link(key, options);
    };
    await upload('in/', 1);
    const counted = (day: string) => world.runs.get({ pk: `SPENT#${day}`, sk: 'ALL' });
    expect([await counted('2026-01-02'), (await counted('2026-01-03'))?.value]).toEqual([undefined, 4]);
  });
});
