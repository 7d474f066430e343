import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CrashPoint, crashingPorts } from '../support/crashing-ports.ts';
import { type FileServer, serveFile } from '../support/file-server.ts';
import { type PipelineWorld, pipelineWorld, tinyVideo } from '../support/pipeline-world.ts';

let outputs: FileServer;

beforeAll(async () => {
  outputs = await serveFile();
});
afterAll(() => outputs.close());

interface Story {
  readonly rule: object;
  /** Each is uploaded when the pipeline is quiet after the one before. */
  readonly uploads: readonly (readonly [key: string, body?: string])[];
  /** What one agent run must be given. */
  readonly inputs: number;
  readonly key: string;
}

const stories: Record<string, Story> = {
  'a group that becomes complete': {
    rule: { start: { groupBy: '{folder}', count: 3 } },
    uploads: [['in/x/1.mp4'], ['in/x/2.mp4'], ['in/x/3.mp4']],
    inputs: 3,
    key: 'in/x/2.mp4',
  },
  'a group of which a member is replaced': {
    rule: { start: { groupBy: '{folder}', members: [{ suffix: 'a.mp4' }, { suffix: 'b.mp4' }] } },
    uploads: [['in/x/a.mp4'], ['in/x/a.mp4', `${tinyVideo}2`], ['in/x/b.mp4']],
    inputs: 2,
    key: 'in/x/b.mp4',
  },
  'a sidecar that is waited for': {
    rule: { sidecar: 'required' },
    uploads: [['in/a.mp4'], ['in/a.mp4.tessera.json', '{"priority":7}']],
    inputs: 1,
    key: 'in/a.mp4',
  },
  'a manifest whose inputs come later': {
    rule: { start: 'manifest' },
    uploads: [['in/show.run.json', '{"inputs":["a.mp4","/b.mp4"]}'], ['in/a.mp4'], ['b.mp4']],
    inputs: 2,
    key: 'in/show.run.json',
  },
  'an older version that gives way': {
    rule: { versions: 'newest', sidecar: 'required' },
    uploads: [['in/a.mp4'], ['in/a.mp4', `${tinyVideo}2`], ['in/a.mp4.tessera.json', '{}']],
    inputs: 1,
    key: 'in/a.mp4',
  },
};

describe('a process that dies at any of its writes', () => {
  test.each(Object.entries(stories))('starts %s once, and whole', async (_name, story) => {
    const { writes } = await journey(story, undefined);
    // What comes after the paid call is told elsewhere, of every run alike.
    const last = writes.indexOf('startAgentRun') + 1;
    expect(last).toBeGreaterThan(6);
    for (let write = 1; write <= last; write += 1)
      for (const when of ['before', 'after'] as const) {
        const { end } = await journey(story, { write, when });
        expect({ write, when, ...end }).toEqual({
          write,
          when,
          crashes: 1,
          status: 'running',
          paidStarts: 1,
          inputs: story.inputs,
          open: 1,
          waitsFor: [],
        });
      }
  });
});

async function journey({ rule, uploads, key }: Story, point: CrashPoint | undefined) {
  const process = crashingPorts(point);
  const rules = { rules: [{ id: 'rule', prefix: 'in/', agentId: 'agent-1', ...rule }] };
  const world = pipelineWorld({ outputs, rules, wrap: process.wrap });
  try {
    for (const [name, body = tinyVideo] of uploads) {
      await world.uploads.put(name, body);
      await untilQuiet(world, process);
    }
    for (let round = 0; round < 12; round += 1) {
      const [started] = world.script.runs.values();
      if (started !== undefined && !process.isDead() && round > 2) break;
      world.platform.reviveMessages();
      await untilQuiet(world, process);
      // A start whose answer was lost is healed by its own report.
      for (const sent of world.script.sent.splice(0)) {
        const { statusCode } = await world.deliver(sent);
        if (statusCode !== 200) world.script.sent.push(sent);
      }
    }
    return { writes: process.writes, end: { ...(await endOf(world, key)), crashes: process.crashes() } };
  } finally {
    world.close();
  }
}

type Process = ReturnType<typeof crashingPorts>;

async function untilQuiet(world: PipelineWorld, process: Process): Promise<void> {
  await untilDeath(world.drain());
  if (process.isDead()) {
    process.restart();
    world.platform.reviveMessages();
    world.jump(910);
    await untilDeath(world.reconcile());
    await untilDeath(world.drain());
  }
  world.jump(10);
}

const untilDeath = async (work: Promise<unknown>): Promise<void> => {
  await work.catch((error: unknown) => {
    if (!(error instanceof Error && error.name === 'Crashed')) throw error;
  });
};

async function endOf(world: PipelineWorld, key: string) {
  const run = await world.runOf(key);
  const listed = await world.runs.query({ pk: 'RULE#rule', prefix: 'open#' });
  const [started] = world.script.runs.values();
  return {
    status: run.status,
    paidStarts: world.script.runs.size,
    inputs: started === undefined ? 0 : inputsOf(started.request),
    open: listed.items.length,
    waitsFor: [
      ...(await world.runs.query({ pk: 'GROUP#rule#in/x' })).items,
      ...(await world.runs.query({ pk: 'AWAITS#uploads/in/a.mp4.tessera.json' })).items,
    ],
  };
}

const inputsOf = ({
  videoUrls = [],
  videoInputs = [],
}: {
  videoUrls?: readonly string[];
  videoInputs?: readonly { videoUrls?: readonly string[] }[];
}) => videoUrls.length + videoInputs.flatMap((input) => input.videoUrls ?? []).length;
