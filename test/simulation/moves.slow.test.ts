import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { nextStatuses, type RunStatus } from '../../shared/runs/run/run.ts';
import { type FileServer, serveFile } from '../support/file-server.ts';
import { type PipelineWorld, pipelineWorld, uncertainWaitSeconds } from '../support/pipeline-world.ts';
import type { StartAnswer } from '../support/scripted-mosaic.ts';

let outputs: FileServer;

beforeAll(async () => {
  outputs = await serveFile();
});
afterAll(() => outputs.close());

/** What may happen to a run, one after the other. */
type Happening =
  | { readonly kind: 'announce' | 'drain' | 'reconcile' | 'finish' | 'progress' }
  | { readonly kind: 'jump'; readonly seconds: number }
  | { readonly kind: 'webhook'; readonly which: number; readonly times: 0 | 1 | 2 }
  | { readonly kind: 'lose-message'; readonly queue: 'settleQueue' | 'copyQueue' | 'startQueue' };

const happening: fc.Arbitrary<Happening> = fc.oneof(
  fc.constantFrom<Happening>(
    { kind: 'announce' },
    { kind: 'drain' },
    { kind: 'reconcile' },
    { kind: 'finish' },
    { kind: 'progress' },
  ),
  fc.record({ kind: fc.constant('jump' as const), seconds: fc.constantFrom(10, 200, uncertainWaitSeconds) }),
  fc.record({ kind: fc.constant('webhook' as const), which: fc.nat(5), times: fc.constantFrom(0, 1, 2) }),
  fc.record({
    kind: fc.constant('lose-message' as const),
    queue: fc.constantFrom('settleQueue' as const, 'copyQueue' as const, 'startQueue' as const),
  }),
);

const endings = fc.constantFrom('completed', 'partial_complete', 'failed', 'cancelled');
type Ending = typeof endings extends fc.Arbitrary<infer T> ? T : never;

const endStatus: Record<Ending, RunStatus> = {
  completed: 'delivered',
  partial_complete: 'delivered',
  failed: 'failed',
  cancelled: 'cancelled',
};

describe("a run's moves", () => {
  test('end in the same state whatever is repeated, reordered or lost, and never go backwards', async () => {
    const firstStart = fc.constantFrom<StartAnswer>('accept', 'lose-request', 'lose-answer');
    await fc.assert(
      fc.asyncProperty(
        fc.array(happening, { maxLength: 25 }),
        endings,
        firstStart,
        async (happenings, ending, answer) => {
          const world = pipelineWorld({ outputs });
          try {
            world.script.answers.push(answer);
            await world.upload('in/talk.mov');
            for (const each of happenings) await happen(world, each, ending);
            await becomeQuiet(world, ending);
            expect(backwards(world)).toEqual([]);
            expect(world.script.runs.size).toBe(1);
            expect((await world.runOf('in/talk.mov')).status).toBe(endStatus[ending]);
            for (const pk of ['SLOTS#default', 'WAITING#default', 'AGENT#agent-1'])
              expect((await world.runs.query({ pk })).items).toEqual([]);
          } finally {
            world.close();
          }
        },
      ),
      { numRuns: 120 },
    );
  });
});

async function happen(world: PipelineWorld, each: Happening, ending: Ending): Promise<void> {
  switch (each.kind) {
    case 'announce': {
      const head = await world.uploads.head('in/talk.mov');
      await world.startQueue.send({ body: announcement(head?.versionId ?? '', head?.etag ?? '') });
      break;
    }
    case 'drain':
      await world.drain();
      break;
    case 'reconcile':
      await world.reconcile();
      break;
    case 'finish':
      finish(world, ending);
      break;
    case 'progress':
      for (const run of running(world)) world.script.progress(run, 0.3);
      break;
    case 'jump':
      world.jump(each.seconds);
      break;
    case 'webhook':
      await someWebhook(world, each.which, each.times);
      break;
    case 'lose-message':
      // The upload's own event is the one thing that nobody can make good for; it has a dead-letter queue.
      if (each.queue !== 'startQueue' || (await hasRun(world)))
        for (const { receipt } of await world[each.queue].receive({ max: 1 })) await world[each.queue].done(receipt);
  }
}

const hasRun = async (world: PipelineWorld): Promise<boolean> =>
  (await world.runOf('in/talk.mov').catch(() => undefined)) !== undefined;

const running = ({ script }: PipelineWorld) =>
  [...script.runs.values()].filter(({ report }) => report.status === 'running');

function finish(world: PipelineWorld, status: Ending): void {
  const outputCount = status === 'completed' || status === 'partial_complete' ? 2 : 0;
  for (const run of running(world)) world.script.finish(run, outputCount, { status });
}

/** Delivers one of the webhooks on their way: once, twice, or never. The first is never lost for good: see below. */
async function someWebhook(world: PipelineWorld, which: number, times: number): Promise<void> {
  const { sent } = world.script;
  const [webhook] = sent.splice(which % Math.max(sent.length, 1), 1);
  if (webhook === undefined) return;
  for (let time = 0; time < times; time += 1) await world.deliver(webhook);
  // Without an answer to the start and without any webhook nobody could know: a person would be asked.
  if (times === 0 && webhook.body.flag === 'RUN_STARTED') sent.push(webhook);
}

/** What always comes in the end: the webhooks that are left, reconcile, and time. */
async function becomeQuiet(world: PipelineWorld, ending: Ending): Promise<void> {
  for (let round = 0; round < 8; round += 1) {
    await world.drain();
    finish(world, ending);
    await world.deliverAll();
    await world.reconcile();
    await world.drain();
    world.jump(uncertainWaitSeconds);
  }
}

function backwards({ lines }: PipelineWorld): unknown[] {
  const moves = lines.filter(({ event }) => event === 'run.moved') as unknown as { from: RunStatus; to: RunStatus }[];
  return moves.filter(({ from, to }, index) => {
    const before = index === 0 ? 'claimed' : moves[index - 1]?.to;
    const next: readonly RunStatus[] = nextStatuses[from];
    return before !== from || !next.includes(to);
  });
}

const announcement = (versionId: string, etag: string) => ({
  source: 'aws.s3',
  'detail-type': 'Object Created',
  time: '2026-01-02T03:04:05Z',
  detail: { bucket: { name: 'uploads' }, object: { key: 'in/talk.mov', size: 7, etag, 'version-id': versionId } },
});
