import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createLog } from '../../../shared/log.ts';
import { type LocalPlatform, openLocal } from '../../../shared/platform/local/index.ts';
import { eventSchema } from '../../../shared/runs/notify/event.ts';
import { type NotifyDeps, notifyRun } from '../../../shared/runs/notify/notify-run.ts';
import { wakeOutbox } from '../../../shared/runs/notify/wake-outbox.ts';
import { moveRun } from '../../../shared/runs/run/move-run.ts';
import { noteOutput } from '../../../shared/runs/run/output-items.ts';
import type { Run } from '../../../shared/runs/run/run.ts';
import { newRunWrites, outboxKey, outboxPk, shards } from '../../../shared/runs/run/run-items.ts';
import { claimedRun } from '../run/example-run.ts';

let folder: string;
let platform: LocalPlatform;
let now: number;
let deps: NotifyDeps;
let lines: { event: string }[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tessera-'));
  now = Date.parse('2026-01-02T03:04:06.000Z');
  platform = openLocal({ folder, clock: () => now });
  lines = [];
  deps = {
    runs: platform.table('runs'),
    clock: () => now,
    log: createLog((line) => lines.push(line)),
    notifyQueue: platform.queue('notices'),
    bus: platform.bus(),
    deliveries: { name: 'deliveries' },
    signingSecrets: async () => ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'],
    trustedHosts: [],
  };
});
afterEach(() => {
  platform.close();
  rmSync(folder, { recursive: true, force: true });
});

const checkAfter = '2026-01-02T03:05:00.000Z';
const key = (length: number) => 'k'.repeat(length);

async function born(run: Run): Promise<Run> {
  await deps.runs.write(...newRunWrites(run));
  return run;
}

async function copyingRun(change: object = {}): Promise<Run> {
  const state = { agentRunId: 'r', expected: [], partial: false, nodeErrors: [], finishedAt: checkAfter };
  return born({ ...claimedRun(), ...change, status: 'copying', ...state } as unknown as Run);
}

const copied = { status: 'copied', versionId: 'v1', size: 5, contentType: 'video/mp4' } as const;
const checksum = { algorithm: 'crc32c', value: '01234567' } as never;

async function deliver(run: Run, outputs: Record<string, string>, more: object = {}): Promise<Run> {
  for (const [id, at] of Object.entries(outputs))
    await noteOutput(deps.runs, run.id, id, { ...copied, key: at, checksum });
  const outputCount = Object.keys(outputs).length;
  const next = { status: 'delivered', agentRunId: 'r', partial: false, manifestKey: 'm.json', outputCount, ...more };
  const moved = await moveRun(deps, run, next as never);
  if (moved.outcome !== 'moved') throw new Error(`It was not delivered: ${moved.outcome}.`);
  return moved.run;
}

const told = () => platform.events().map(({ id, type, time, detail }) => ({ id, type, time, detail: detail as never }));

describe('an event', () => {
  test('names each output with what it is, where it is and its checksum', async () => {
    const run = await deliver(await copyingRun(), { o1: 'a.mp4', 'o1#thumbnail': 'a.jpg', 'o1#project': 'a.zip' });
    await notifyRun(deps, { runId: run.id, revision: run.revision });
    const [event] = told();
    const at = { versionId: 'v1', size: 5, checksum: { algorithm: 'crc32c', value: '01234567' } };
    expect(event?.detail).toMatchObject({
      id: `${run.id}-2`,
      deliveries: { bucket: 'deliveries' },
      outputs: expect.arrayContaining([
        { id: 'o1', kind: 'video', key: 'a.mp4', contentType: 'video/mp4', ...at },
        { id: 'o1#thumbnail', kind: 'thumbnail', of: 'o1', key: 'a.jpg', contentType: 'video/mp4', ...at },
        { id: 'o1#project', kind: 'project', of: 'o1', key: 'a.zip', contentType: 'video/mp4', ...at },
      ]),
    });
  });

  test('of a delivery in part names what is missing, without a link', async () => {
    const failedOutputs = [{ id: 'o2', reason: 'https://store.example/x?sig=abc answered 404' }];
    const run = await deliver(await copyingRun(), { o1: 'a.mp4' }, { partial: true, failedOutputs });
    await notifyRun(deps, { runId: run.id, revision: run.revision });
    const [event] = told();
    expect(event).toMatchObject({ type: 'Run Partially Delivered', detail: { failedOutputs: [{ id: 'o2' }] } });
    expect(JSON.stringify(event)).not.toMatch(/store\.example|abc/);
  });

  test('is the same however often and however late it is told', async () => {
    const run = await deliver(await copyingRun(), { o1: 'a.mp4' });
    const outbox = { ...outboxKey(run.id, run.revision), type: 'outbox', runId: run.id, revision: run.revision };
    await notifyRun(deps, { runId: run.id, revision: run.revision });
    now += 3600_000;
    await deps.runs.write({ put: { ...outbox, wakeAfter: checkAfter } });
    await deps.runs.write({ update: { pk: `RUN#${run.id}`, sk: 'RUN' }, set: { nextRunId: 'x', updatedAt: 'later' } });
    await notifyRun(deps, { runId: run.id, revision: run.revision });
    const [first, second] = told();
    expect(second).toEqual(first);
  });

  test('that would be too long for a bus leaves out what the manifest has, and says so', async () => {
    const objects = Array.from({ length: 100 }, (_, index) => ({ key: `${key(900)}${index}`, versionId: 'v' }));
    const input = { kind: 'objects', objects };
    const rule = { ...claimedRun().rule, data: { long: key(40_000) } };
    const outputs = Object.fromEntries(objects.map(({ key: at }, index) => [`o${index}`, at]));
    const run = await deliver(await copyingRun({ input, rule }), outputs);
    await notifyRun(deps, { runId: run.id, revision: run.revision });
    const [event] = told() as unknown as [{ type: string; time: string; detail: { [name: string]: never[] } }];
    expect(event.detail.leftOut).toEqual(['data', 'inputs', 'outputs']);
    expect(event.detail).toMatchObject({ outputCount: 100 });
    expect(event.detail.outputs?.length).toBeGreaterThan(50);
    expect(Buffer.byteLength(JSON.stringify(event))).toBeLessThan(256_000);
    eventSchema.parse({ type: event.type, timestamp: event.time, data: event.detail });
  });

  test('fits a bus also where each of many outputs failed for a long reason in signs that take much room', async () => {
    const objects = Array.from({ length: 100 }, (_, index) => ({ key: `${key(900)}${index}`, versionId: 'v' }));
    const change = { input: { kind: 'objects', objects }, rule: { ...claimedRun().rule, data: { long: key(31_900) } } };
    const outputs = Object.fromEntries(objects.map(({ key: at }, index) => [`o${index}`, at]));
    const failedOutputs = Array.from({ length: 50 }, (_, index) => ({ id: `f${index}`, reason: '\u0001'.repeat(300) }));
    const run = await deliver(await copyingRun(change), outputs, { partial: true, failedOutputs });
    expect(await notifyRun(deps, { runId: run.id, revision: run.revision })).toBe('told');
    const [event] = told() as unknown as [{ type: string; time: string; detail: { [name: string]: never[] } }];
    expect(event.detail.leftOut).toContain('failedOutputs');
    expect(event.detail.failedOutputs?.length).toBeGreaterThan(20);
    eventSchema.parse({ type: event.type, timestamp: event.time, data: event.detail });
  });

  test('holds the user’s own data as it was given', async () => {
    const data = { episode: 7, site: 'https://cms.example/episodes/7' };
    const run = await deliver(await copyingRun({ rule: { ...claimedRun().rule, data } }), { o1: 'a.mp4' });
    await notifyRun(deps, { runId: run.id, revision: run.revision });
    expect(told()[0]?.detail).toMatchObject({ data });
  });

  test('of a run that was refused as it came into the world is told, too', async () => {
    const run = await born({ ...claimedRun(), checkAfter: undefined, status: 'rejected', reason: 'no' } as never);
    now += 180_000;
    expect(await wakeOutbox(deps)).toEqual({ woken: 1 });
    const [message] = await deps.notifyQueue.receive();
    expect(await notifyRun(deps, JSON.parse(message?.body ?? ''))).toBe('told');
    expect(told()).toMatchObject([{ type: 'Run Rejected', id: `${run.id}-1` }]);
  });
});

describe('telling', () => {
  const urls = ['https://a.example/1', 'https://b.example/2'];
  const rule = { ...claimedRun().rule, notify: [{ url: urls[0] }, { url: urls[1], events: ['Run Failed'] }] };

  test('gives each receiver that wants it a message of its own', async () => {
    const run = await deliver(await copyingRun({ rule }), { o1: 'a.mp4' });
    const { id: runId, revision } = run;
    await deps.notifyQueue.receive();
    expect(await notifyRun(deps, { runId, revision })).toBe('told');
    const bodies = (await deps.notifyQueue.receive()).map(({ body }) => JSON.parse(body));
    expect(bodies).toEqual([{ runId, revision, url: urls[0] }]);
    expect(await notifyRun(deps, { runId, revision })).toBe('nothing-to-tell');
  });

  test('goes on with the move where its message cannot be sent, and reconcile finds it', async () => {
    const send = async () => {
      throw new Error('The queue is away.');
    };
    const run = await copyingRun();
    const failing = { ...deps, notifyQueue: { ...deps.notifyQueue, send } };
    const next = { status: 'failed', failure: 'delivery', reason: 'no' } as const;
    expect((await moveRun(failing, run, next)).outcome).toBe('moved');
    expect(lines.map(({ event }) => event)).toContain('notify.not-woken');
    now += 60_000;
    expect(await wakeOutbox(deps)).toEqual({ woken: 0 });
    now += 60_000;
    expect(await wakeOutbox(deps)).toEqual({ woken: 1 });
  });

  test('comes too late where the records of the run are gone, and fails nobody', async () => {
    const about = { runId: 'Z'.repeat(24), revision: 4 };
    expect(await notifyRun(deps, { ...about, url: urls[0] ?? '' })).toBe('nothing-to-tell');
    await deps.runs.write({ put: { ...outboxKey(about.runId, 4), type: 'outbox', ...about, wakeAfter: checkAfter } });
    expect(await notifyRun(deps, about)).toBe('nothing-to-tell');
    expect(await deps.runs.get(outboxKey(about.runId, 4))).toBe(undefined);
  });
});

describe('what lies untold', () => {
  const lay = async (count: number) => {
    for (let index = 0; index < count; index += 1) {
      const runId = `0${String(index).padStart(23, '0')}`;
      await deps.runs.write({
        put: { ...outboxKey(runId, 2), type: 'outbox', runId, revision: 2, wakeAfter: checkAfter },
      });
    }
  };

  test('is woken less and less often, so that dead letters do not fill with it', async () => {
    await lay(1);
    const woken: number[] = [];
    for (let hour = 0; hour < 48; hour += 1) {
      now += 3600_000;
      if ((await wakeOutbox(deps)).woken > 0) woken.push(hour);
    }
    expect(woken).toEqual([0, 1, 5, 21, 45]);
  });

  test('is all woken, however much of it cannot be told', async () => {
    await lay(600);
    now += 3600_000;
    const passes = [await wakeOutbox(deps), await wakeOutbox(deps), await wakeOutbox(deps)];
    expect(passes).toEqual([{ woken: 250 }, { woken: 250 }, { woken: 100 }]);
    expect((await wakeOutbox(deps)).woken).toBe(0);
  });

  test('lies where its run belongs, and every shard is looked at', () => {
    const pks = shards.map((shard) => outboxPk(shard));
    for (const id of ['A', 'b', '_', '-', '7']) expect(pks).toContain(outboxKey(id.repeat(24), 1).pk);
  });
});
