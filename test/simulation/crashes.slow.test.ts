import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CrashPoint, crashingPorts } from '../support/crashing-ports.ts';
import { type FileServer, serveFile, smallMp4 } from '../support/file-server.ts';
import { type PipelineWorld, pipelineWorld } from '../support/pipeline-world.ts';

let small: FileServer;

beforeAll(async () => {
  small = await serveFile();
});
afterAll(() => small.close());

describe('a process that dies at any of its writes', () => {
  test('delivers the upload once, for one paid start, when it is started again', async () => {
    const { writes } = await journey(undefined);
    expect(writes.length).toBeGreaterThan(20);
    for (let write = 1; write <= writes.length; write += 1)
      for (const when of ['before', 'after'] as const) {
        const { end } = await journey({ write, when });
        expect({ write, when, ...end }).toEqual({ write, when, ...whole });
      }
  });

  test('goes on with a large output from the parts that had arrived', async () => {
    const large = await serveFile(smallMp4(20_000_000));
    try {
      const { writes } = await journey(undefined, large);
      const points: CrashPoint[] = [
        { write: writes.indexOf('putPart') + 1, when: 'after' },
        { write: writes.indexOf('publish') + 1, when: 'before' },
        { write: writes.indexOf('publish') + 1, when: 'after' },
      ];
      for (const point of points) {
        const after = await journey(point, large);
        expect({ point, ...after.end }).toEqual({ point, ...whole });
        expect(after.writes.filter((name) => name === 'startUpload')).toHaveLength(2);
      }
    } finally {
      await large.close();
    }
  });
});

const whole = {
  status: 'delivered',
  crashes: 1,
  paidStarts: 1,
  manifest: 2,
  secondManifest: false,
  slots: 0,
  locks: 0,
  waiting: 0,
};

/** One upload with two outputs, through one crash, restarted until all is quiet. */
async function journey(point: CrashPoint | undefined, outputs = small) {
  const process = crashingPorts(point);
  const world = pipelineWorld({ outputs, wrap: process.wrap });
  try {
    await world.upload('in/talk.mov');
    for (let round = 0; round < 12 && !(await isDone(world)); round += 1) await liveOn(world, process);
    return { writes: process.writes, end: { ...(await endOf(world)), crashes: process.crashes() } };
  } finally {
    world.close();
  }
}

type Process = ReturnType<typeof crashingPorts>;

async function liveOn(world: PipelineWorld, process: Process): Promise<void> {
  await untilDeath(world.drain());
  for (const agentRun of world.script.runs.values())
    if (agentRun.report.status === 'running') world.script.finish(agentRun, 2);
  // The sender repeats a webhook that was not answered well.
  for (const sent of world.script.sent.splice(0)) {
    const { statusCode } = await world.deliver(sent);
    if (statusCode !== 200) world.script.sent.push(sent);
  }
  await untilDeath(world.drain());
  await untilDeath(world.reconcile());
  if (process.isDead()) {
    process.restart();
    world.platform.reviveMessages();
  }
  world.jump(200);
}

const untilDeath = async (work: Promise<unknown>): Promise<void> => {
  await work.catch((error: unknown) => {
    if (!(error instanceof Error && error.name === 'Crashed')) throw error;
  });
};

const isDone = async (world: PipelineWorld): Promise<boolean> =>
  (await world.runOf('in/talk.mov').catch(() => undefined))?.status === 'delivered';

async function endOf(world: PipelineWorld) {
  const run = await world.runOf('in/talk.mov');
  const count = async (pk: string) => (await world.runs.query({ pk })).items.length;
  return {
    status: run.status,
    paidStarts: world.script.runs.size,
    manifest: JSON.parse(await world.textAt('in/talk.manifest.json')).outputs.length,
    secondManifest: (await world.deliveries.head('in/talk.manifest-2.json')) !== undefined,
    slots: await count('SLOTS#default'),
    locks: await count('AGENT#agent-1'),
    waiting: await count('WAITING#default'),
  };
}
