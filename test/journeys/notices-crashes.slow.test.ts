import { isDeepStrictEqual } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type CrashPoint, crashingPorts } from '../support/crashing-ports.ts';
import { type FileServer, serveFile } from '../support/file-server.ts';
import { pipelineWorld } from '../support/pipeline-world.ts';
import { noticing, receiver } from './notices-world.ts';

let outputs: FileServer;
let hook: Awaited<ReturnType<typeof receiver>>;

beforeAll(async () => {
  outputs = await serveFile();
  hook = await receiver();
});
afterEach(() => {
  hook.got.splice(0);
  hook.answers.splice(0);
});
afterAll(async () => {
  await outputs.close();
  await hook.close();
});

const notifying = (...events: string[]) => ({
  rules: [{ prefix: 'in/', agentId: 'agent-1', notify: [{ url: hook.url, ...(events.length > 0 && { events }) }] }],
});

interface End {
  readonly status: 'completed' | 'failed';
  readonly types: readonly string[];
  readonly retentionDays?: number;
}

const ends: Record<string, End> = {
  'delivers a run': { status: 'completed', types: ['Run Delivered', 'Run Started'] },
  'ends a run that failed, and the time of its records': {
    status: 'failed',
    types: ['Run Failed', 'Run Started'],
    retentionDays: 30,
  },
};

describe('a process that dies at any of its writes', () => {
  test.each(Object.entries(ends))(
    'a process that dies at any write and %s sends each event under one id, and leaves none unsent',
    async (_name, end) => {
      const whole = { types: end.types, ids: 2, heard: 2, untold: 0, expires: end.retentionDays !== undefined };
      const { writes, told } = await journey(end, undefined, whole);
      expect(told).toEqual(whole);
      let crashes = 0;
      // How a first start survives is shown elsewhere; from then on there is something to tell.
      const first = writes.indexOf('startAgentRun') + 1;
      for (let write = first; write <= writes.length; write += 1)
        for (const when of ['before', 'after'] as const) {
          const { told, crashes: died } = await journey(end, { write, when }, whole);
          expect({ write, when, ...told }).toEqual({ write, when, ...whole });
          crashes += died;
        }
      // The last writes are not the same in every telling, so a few are never reached.
      expect(crashes).toBeGreaterThan(writes.length - first);
    },
  );
});

async function journey({ status, retentionDays }: End, point: CrashPoint | undefined, whole: object) {
  hook.got.splice(0);
  const process = crashingPorts(point);
  const notices = noticing({ process, trustedHosts: [hook.host], retentionDays });
  const world = notices.join(pipelineWorld({ outputs, rules: notifying(), wrap: notices.wrap }));
  try {
    await world.upload('in/talk.mp4');
    let told: object = {};
    for (let round = 0; round < 12 && !isDeepStrictEqual(told, whole); round += 1) {
      await untilDeath(world.drain());
      for (const run of world.script.runs.values())
        if (run.report.status === 'running') world.script.finish(run, 1, { status });
      for (const sent of world.script.sent.splice(0)) {
        const { statusCode } = await world.deliver(sent);
        if (statusCode !== 200) world.script.sent.push(sent);
      }
      await untilDeath(world.drain());
      await untilDeath(notices.tell());
      await untilDeath(world.reconcile());
      await untilDeath(notices.wake());
      process.restart();
      world.jump(700);
      const expires = (await world.runOf('in/talk.mp4').catch(() => undefined))?.expiresAt !== undefined;
      told = { ...(await whatWasTold(notices)), expires };
    }
    return { writes: process.writes, crashes: process.crashes(), told };
  } finally {
    world.close();
  }
}

async function whatWasTold(notices: ReturnType<typeof noticing>) {
  const events = notices.events();
  return {
    types: [...new Set(events.map(({ type }) => type))].sort(),
    ids: new Set(events.map(({ id }) => id)).size,
    heard: new Set(hook.got.map(({ event }) => event.data.id)).size,
    untold: await notices.untold(),
  };
}

const untilDeath = (work: Promise<unknown>): Promise<unknown> => work.catch(() => {});
