import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { allItems } from '../../shared/platform/query-all.ts';
import { askResume } from '../../shared/runs/operate/resume-run.ts';
import { retryRun } from '../../shared/runs/operate/retry-run.ts';
import { askCancel } from '../../shared/runs/run/cancel-run.ts';
import { readRun } from '../../shared/runs/run/move-run.ts';
import { type CrashPoint, crashingPorts } from '../support/crashing-ports.ts';
import { type FileServer, serveFile } from '../support/file-server.ts';
import type { Ports } from '../support/pipeline-world.ts';
import { type ControlWorld, controlWorld } from './control-world.ts';

let outputs: FileServer;

beforeAll(async () => {
  outputs = await serveFile();
});
afterAll(() => outputs.close());

/** What the world does meanwhile, and what must be true at the end whatever died. */
interface Story {
  readonly rules?: unknown;
  /** Called again until it succeeds, as a person or a schedule would. */
  act(world: ControlWorld): Promise<void>;
  /** What agent runs do by themselves, whenever the process is up. */
  live(world: ControlWorld): void;
  end(world: ControlWorld): Promise<object>;
}

const stories: Record<string, Story> = {
  'still retries a failed run exactly once': {
    rules: { rules: [{ prefix: 'in/', agentId: 'a', retry: { attempts: 2, on: ['agent-failed'] } }] },
    act: async () => {},
    live: (world) => {
      [...world.script.runs.values()].forEach((run, index) => {
        if (run.report.status === 'running')
          world.script.finish(run, index, { status: index === 0 ? 'failed' : 'completed' });
      });
    },
    end: async (world) => ({ paid: world.script.runs.size, ...(await summary(world)) }),
  },
  'still retries a failed run by command exactly once': {
    act: async (world) => {
      const run = await firstRun(world);
      if (run?.status === 'failed') await retryRun(world.deps, run.id);
    },
    live: (world) => {
      [...world.script.runs.values()].forEach((run, index) => {
        if (run.report.status === 'running')
          world.script.finish(run, index, { status: index === 0 ? 'failed' : 'completed' });
      });
    },
    end: async (world) => ({ paid: world.script.runs.size, ...(await summary(world)) }),
  },
  'still chains exactly one run': {
    rules: {
      rules: [
        { id: 'cut', prefix: 'in/', agentId: 'cutter' },
        { id: 'brand', after: 'cut', agentId: 'brander' },
      ],
    },
    act: async () => {},
    live: (world) => {
      for (const run of world.script.runs.values()) if (run.report.status === 'running') world.script.finish(run);
    },
    end: async (world) => ({ paid: world.script.runs.size, ...(await summary(world)) }),
  },
  'still cancels a run and its agent run': {
    act: async (world) => {
      const run = await firstRun(world);
      if (run?.status === 'running') await askCancel(world.deps, run.id, 'wrong cut');
    },
    live: () => {},
    end: async (world) => ({
      agentRuns: [...world.script.runs.values()].map(({ report }) => report.status),
      ...(await summary(world)),
    }),
  },
  'still resumes a paused run without paying for another': {
    act: async (world) => {
      const run = await firstRun(world);
      if (run?.status === 'paused') await askResume(world.deps);
    },
    live: (world) => {
      for (const run of world.script.runs.values()) {
        const wasResumed = world.resumes.includes(run.agentRunId);
        if (run.report.status === 'running' && wasResumed) world.script.finish(run, 1, { needsCredits: false });
        if (run.report.status === 'running' && !wasResumed)
          world.script.finish(run, 0, { status: 'failed', needsCredits: true });
      }
    },
    end: async (world) => ({ paid: world.script.runs.size, ...(await summary(world)) }),
  },
};

const expected: Record<string, object> = {
  'still retries a failed run exactly once': { paid: 2, runs: ['delivered', 'failed'] },
  'still retries a failed run by command exactly once': { paid: 2, runs: ['delivered', 'failed'] },
  'still chains exactly one run': { paid: 2, runs: ['delivered', 'delivered'] },
  'still cancels a run and its agent run': { agentRuns: ['cancelled'], runs: ['cancelled'] },
  'still resumes a paused run without paying for another': { paid: 1, runs: ['delivered'] },
};

describe('a crash at any write', () => {
  test.each(Object.entries(stories))('%s', async (name, story) => {
    const whole = { ...expected[name], slots: 0, waiting: 0, locks: 0 };
    const { writes, ofFirstStart } = await tell(story, undefined, whole);
    expect(writes).toBeGreaterThan(ofFirstStart + 2);
    let crashed = 0;
    // How a first start survives is shown elsewhere.
    for (let write = ofFirstStart + 1; write <= writes; write += 1)
      for (const when of ['before', 'after'] as const) {
        const { end, crashes } = await tell(story, { write, when }, whole);
        expect({ write, when, ...end }).toEqual({ write, when, ...whole });
        crashed += crashes;
      }
    // The last writes are not the same in every telling, so a few are never reached.
    expect(crashed).toBeGreaterThan(writes - ofFirstStart);
  });
});

async function tell(story: Story, point: CrashPoint | undefined, whole: object) {
  const process = crashingPorts(point);
  let resume: Ports['mosaic']['resumeAgentRun'] | undefined;
  const wrap = (ports: Ports): Ports => {
    resume = ports.mosaic.resumeAgentRun;
    return process.wrap(ports);
  };
  const world = controlWorld({ outputs, wrap, rules: story.rules });
  if (resume !== undefined) {
    // A paid call is a write of the process, too.
    const { cancelAgentRun, resumeAgentRun } = world.deps.mosaic;
    world.deps.mosaic.cancelAgentRun = (id) => alive(process, () => cancelAgentRun(id));
    world.deps.mosaic.resumeAgentRun = (id) => alive(process, () => resumeAgentRun(id));
  }
  try {
    await world.upload('in/talk.mp4');
    let end: object = {};
    let ofFirstStart = 0;
    for (let round = 0; round < 14 && !isDeepStrictEqual(end, whole); round += 1) {
      await untilDeath(world.drain());
      if (round === 0) ofFirstStart = process.writes.length;
      story.live(world);
      for (const sent of world.script.sent.splice(0)) {
        const { statusCode } = await world.deliver(sent);
        if (statusCode !== 200) world.script.sent.push(sent);
      }
      await untilDeath(world.drain());
      await untilDeath(story.act(world));
      await untilDeath(world.drain());
      await untilDeath(world.reconcile());
      process.restart();
      world.jump(700);
      end = await story.end(world);
    }
    return { writes: process.writes.length, ofFirstStart, crashes: process.crashes(), end };
  } finally {
    world.close();
  }
}

const alive = <T>(process: ReturnType<typeof crashingPorts>, call: () => Promise<T>): Promise<T> =>
  process.isDead() ? Promise.reject(new Error('The process is dead.')) : call();

const untilDeath = (work: Promise<unknown>): Promise<unknown> => work.catch(() => {});

/** The first attempt of the first run. */
async function firstRun(world: ControlWorld) {
  const { items } = await world.runs.query({ pk: 'KEY#uploads/in/talk.mp4', limit: 1 });
  return items[0] && readRun(world.runs, String(items[0].runId));
}

async function summary(world: ControlWorld) {
  const runs: string[] = [];
  for await (const { runId } of allItems(world.runs, { pk: 'KEY#uploads/in/talk.mp4' }))
    runs.push((await world.read(String(runId))).status);
  const locks = (await world.count('AGENT#a')) + (await world.count('AGENT#agent-1'));
  return {
    runs: runs.sort(),
    slots: await world.count('SLOTS#default'),
    waiting: (await world.count('WAITING#default')) + (await world.count('LATER#default')),
    locks,
  };
}
