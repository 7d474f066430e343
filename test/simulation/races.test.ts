import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type FileServer, serveFile } from '../support/file-server.ts';
import { type PipelineWorld, type Ports, pipelineWorld } from '../support/pipeline-world.ts';
import type { StartAnswer } from '../support/scripted-mosaic.ts';

let outputs: FileServer;

beforeAll(async () => {
  outputs = await serveFile();
});
afterAll(() => outputs.close());

const slots = 2;
const keys = ['a/1.mp4', 'a/2.mp4', 'b/3.mp4', 'b/4.mp4'];
const rules = {
  rules: [
    { prefix: 'a/', agentId: 'agent-a' },
    { prefix: 'b/', agentId: 'agent-b' },
  ],
};

describe('many workers at once', () => {
  test('pay for each upload once, keep to the slots, and deliver everything whole', async () => {
    const answers = fc.array(fc.constantFrom<StartAnswer>('accept', 'lose-answer', 'lose-request'), { maxLength: 4 });
    const delays = fc.array(fc.nat(5), { minLength: 50, maxLength: 50 });
    await fc.assert(
      fc.asyncProperty(answers, delays, async (answers, delays) => {
        const world = pipelineWorld({ outputs, rules, slots, batch: 2, wrap: (ports) => delayed(ports, delays) });
        try {
          world.script.answers.push(...answers);
          for (const key of keys) await world.upload(key);
          await announceAgain(world);
          for (let round = 0; round < 14 && !(await isDone(world)); round += 1) await workTogether(world);
          expect(await endOf(world)).toEqual({
            statuses: keys.map(() => 'delivered'),
            paid: keys.length,
            manifests: keys.length,
            left: 0,
            overdrawn: false,
          });
        } finally {
          world.close();
        }
      }),
      { numRuns: 10 },
    );
  });
});

/** Whatever a port does takes a while, now and then longer than what was asked later. */
function delayed(ports: Ports, delays: readonly number[]): Ports {
  let calls = 0;
  const slow = <T extends object>(port: T): T =>
    new Proxy(port, {
      get(target, name, receiver) {
        const member: unknown = Reflect.get(target, name, receiver);
        if (typeof member !== 'function') return member;
        return async (...given: unknown[]) => {
          const before = delays[calls++ % delays.length] ?? 0;
          const after = delays[calls++ % delays.length] ?? 0;
          await ticks(before);
          const answer: unknown = await Reflect.apply(member, target, given);
          await ticks(after);
          return answer;
        };
      },
    });
  const { runs, uploads, deliveries, startQueue, settleQueue, copyQueue, mosaic } = ports;
  return {
    runs: slow(runs),
    uploads: slow(uploads),
    deliveries: slow(deliveries),
    startQueue: slow(startQueue),
    settleQueue: slow(settleQueue),
    copyQueue: slow(copyQueue),
    mosaic: slow(mosaic),
  };
}

async function ticks(count: number): Promise<void> {
  for (let tick = 0; tick < count; tick += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** All doors at the same time, while webhooks come twice and messages come again before they are done. */
async function workTogether(world: PipelineWorld): Promise<void> {
  const { script } = world;
  const webhooks = async () => {
    for (const sent of script.sent.splice(0)) await Promise.all([world.deliver(sent), world.deliver(sent)]);
  };
  await Promise.all([world.drain(), webhooks(), world.reconcile(), world.drain('settle'), world.drain('start')]);
  for (const agentRun of script.runs.values()) if (agentRun.report.status === 'running') script.finish(agentRun, 2);
  const again = async () => {
    await ticks(5);
    world.jump(61);
    await world.drain();
  };
  await Promise.all([webhooks(), world.drain(), again(), world.drain('settle', 'copy'), world.reconcile()]);
  world.jump(300);
}

/** Each event of the uploads comes twice. */
async function announceAgain({ startQueue }: PipelineWorld): Promise<void> {
  const events = await startQueue.receive();
  await startQueue.send(...events.map(({ body }) => ({ body: JSON.parse(body) })));
  for (const { receipt } of events) await startQueue.extend(receipt, 0);
}

async function isDone(world: PipelineWorld): Promise<boolean> {
  const runs = await Promise.all(keys.map((key) => world.runOf(key).catch(() => undefined)));
  return runs.every((run) => run?.status === 'delivered');
}

async function endOf(world: PipelineWorld) {
  const runs = await Promise.all(keys.map((key) => world.runOf(key)));
  const manifests = runs.map((run) => (run.status === 'delivered' ? run.manifestKey : ''));
  const pks = ['SLOTS#default', 'WAITING#default', 'AGENT#agent-a', 'AGENT#agent-b'];
  const left = await Promise.all(pks.map(async (pk) => (await world.runs.query({ pk })).items.length));
  return {
    statuses: runs.map(({ status }) => status),
    paid: world.script.runs.size,
    manifests: manifests.filter((key) => key.endsWith('.manifest.json')).length,
    left: left.reduce((sum, count) => sum + count),
    overdrawn: world.script.mostAtOnce() > slots,
  };
}
