import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { silentLog } from '../../../shared/log.ts';
import { type LocalPlatform, openLocal } from '../../../shared/platform/local/index.ts';
import type { Item, Table } from '../../../shared/platform/ports.ts';
import { claimRun } from '../../../shared/runs/create/claim-run.ts';
import { mayTryAgain } from '../../../shared/runs/create/next-attempt.ts';
import { keyWrites } from '../../../shared/runs/ingest/join-group.ts';
import { lineageOf } from '../../../shared/runs/ingest/lineage.ts';
import { rewritten } from '../../../shared/runs/ingest/superseded-versions.ts';
import { listRuns } from '../../../shared/runs/operate/list-runs.ts';
import { sha256 } from '../../../shared/runs/run/ids.ts';
import { moveRun, readRun } from '../../../shared/runs/run/move-run.ts';
import { noteOutput, readOutput } from '../../../shared/runs/run/output-items.ts';
import { expireRun, expiryOf, type RetentionDeps } from '../../../shared/runs/run/retention.ts';
import type { NextState, Run, Upload } from '../../../shared/runs/run/run.ts';
import { recordEvent } from '../../../shared/runs/run/run-events.ts';
import { claimKey, keyPk } from '../../../shared/runs/run/run-items.ts';
import { uploadIdentity } from '../../../shared/runs/run/upload.ts';
import { receiveWebhook } from '../../../shared/runs/settle/receive-webhook.ts';
import { claimedRun } from './example-run.ts';

const daySeconds = 24 * 3600;
const startMs = Date.parse('2026-01-02T03:04:06.000Z');
const { upload, rule } = claimedRun();
let folder: string;
let platform: LocalPlatform;
let now: number;
let deps: RetentionDeps;
let touched: Map<string, Item>;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tessera-'));
  now = startMs;
  platform = openLocal({ folder, clock: () => now });
  touched = new Map();
  const runs = watched(platform.table('runs'));
  deps = { runs, clock: () => now, log: silentLog, retentionDays: 30, deliveries: { name: 'deliveries' } };
});
afterEach(() => {
  platform.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Remembers which places were ever written. */
function watched(table: Table): Table {
  return {
    ...table,
    write: (...writes) => {
      for (const write of writes) if ('put' in write) touched.set(`${write.put.pk} ${write.put.sk}`, write.put);
      return table.write(...writes);
    },
  };
}

async function move(run: Run, next: object): Promise<Run> {
  const moved = await moveRun(deps, run, next as NextState);
  if (moved.outcome !== 'moved') throw new Error(`The move was not made: ${moved.outcome}.`);
  return moved.run;
}

const checkAfter = '2026-01-02T03:05:00.000Z';
const slot = { slot: 0, startedAt: checkAfter, checkAfter };
const copied = { status: 'copied', versionId: 'v', size: 1, contentType: 'video/mp4' } as const;

/** From its claim to its delivery, with everything that a run leaves in the table. */
async function deliveredRun(object: Upload = upload): Promise<Run> {
  const claimed = await claimRun(deps, object, rule);
  if (claimed === undefined) throw new Error('It was claimed before.');
  await recordEvent(deps.runs, claimed.id, 'digest', { flag: 'RUN_STARTED', receivedAt: checkAfter });
  let run = await move(claimed, { status: 'waiting', starts: 0 });
  run = await move(run, { status: 'starting', starts: 1, ...slot });
  run = await move(run, { status: 'running', agentRunId: 'r', progress: 0, ...slot });
  const output = { ...copied, key: 'out/a.mp4', checksum: { algorithm: 'crc32c', value: '01234567' } as never };
  const place = { pk: keyPk('deliveries', 'out/a.mp4'), sk: `${run.createdAt}#${run.id}`, type: 'key', runId: run.id };
  await noteOutput(deps.runs, run.id, 'o1', output, [{ put: place }]);
  const state = { agentRunId: 'r', expected: [{ id: 'o1' }], partial: false, nodeErrors: [], finishedAt: checkAfter };
  run = await move(run, { status: 'copying', checkAfter, ...state });
  now += 5000;
  return move(run, { status: 'delivered', agentRunId: 'r', partial: false, manifestKey: 'm', outputCount: 1 });
}

/** Every place that was ever written and is still there, with when it ends. */
async function left(): Promise<Record<string, number | undefined>> {
  const found: Record<string, number | undefined> = {};
  for (const [name, { pk, sk }] of touched) {
    const item = await deps.runs.get({ pk, sk });
    if (item !== undefined) found[name] = item.expiresAt;
  }
  return found;
}

async function deleteWhatEnded(): Promise<void> {
  for (const [name, expiresAt] of Object.entries(await left())) {
    const { pk, sk } = touched.get(name) as Item;
    if (expiresAt !== undefined) await deps.runs.write({ delete: { pk, sk } });
  }
}

describe('the records of a run that has ended', () => {
  test('records of an ended run expire, except those that prevent paying for it again', async () => {
    const run = await deliveredRun();
    expect(await expireRun(deps, run)).toBe('expires');
    const ends = (now + 30 * daySeconds * 1000) / 1000;
    const places = Object.entries(await left());
    const stay = places.filter(([, expiresAt]) => expiresAt === undefined).map(([name]) => name);
    const { pk, sk } = claimKey(uploadIdentity(upload), rule.id);
    // What is still to be told is gone as soon as it is.
    expect([...new Set(stay.map((name) => name.split('#')[0]))].sort()).toEqual([
      'AGENTRUN',
      'CONTROL RESULT-NAMES',
      'OUTBOX',
      'RUN',
      'UPLOAD',
    ]);
    expect(stay.filter((name) => name.startsWith('RUN#'))).toEqual([`RUN#${run.id} MOVE#000005`]);
    expect(stay).toContain(`${pk} ${sk}`);
    expect(places.length - stay.length).toBeGreaterThanOrEqual(10);
    for (const [name, expiresAt] of places) expect([undefined, ends], name).toContain(expiresAt);
  });

  test('records of an ended run are kept for ever without a retention time', async () => {
    const run = await deliveredRun();
    expect(await expireRun({ ...deps, retentionDays: undefined }, run)).toBe('stays');
    expect(Object.values(await left()).filter((expiresAt) => expiresAt !== undefined)).toEqual([]);
  });

  test('records of an open run do not expire', async () => {
    const claimed = await claimRun(deps, upload, rule);
    expect(await expireRun(deps, claimed as Run)).toBe('stays');
  });

  test('records expire counted from the end of the run, even if that was found late', async () => {
    const run = await deliveredRun();
    const ends = (now + 30 * daySeconds * 1000) / 1000;
    now += 3 * daySeconds * 1000;
    await expireRun(deps, run);
    expect((await left())[`RUN#${run.id} RUN`]).toBe(ends);
  });

  test('records are kept while webhooks are retried, even with a shorter retention', async () => {
    const run = await deliveredRun();
    const notify = [{ url: 'https://a.example/' }];
    const ends = expiryOf({ retentionDays: 1 }, { ...run, rule: { ...run.rule, notify } });
    expect(ends).toBeGreaterThan(now / 1000 + 28 * 3600);
    expect(expiryOf({ retentionDays: 1 }, run)).toBe(now / 1000 + daySeconds);
  });

  test('setting the expiry of records can be repeated after a crash', async () => {
    const run = await deliveredRun();
    await expireRun(deps, run);
    const once = await left();
    await expireRun(deps, (await readRun(deps.runs, run.id)) as Run);
    expect(await left()).toEqual(once);
  });
});

test('an output that a later run takes over does not expire', async () => {
  const run = await deliveredRun();
  const before = await readOutput(deps.runs, run.id, 'o1');
  await expireRun(deps, run);
  expect(await readOutput(deps.runs, run.id, 'o1')).toEqual(before);
});

describe('a report that is late', () => {
  const body = Buffer.from(JSON.stringify({ flag: 'RUN_FINISHED', run_id: 'r', status: 'completed' }));
  const report = (runs: Table, runId: string) => {
    const doors = { settleQueue: platform.queue('settles'), payloads: platform.bucket('payloads') };
    const receiving = { ...deps, ...doors, runs, webhookSecret: async () => 'x' };
    return receiveWebhook(receiving, { runId, signature: 'x', body });
  };
  const endsOfEvents = async (runId: string) => {
    const { items } = await deps.runs.query({ pk: `RUN#${runId}`, prefix: 'EVENT#' });
    expect(items.length).toBeGreaterThan(2);
    return new Set(items.map(({ expiresAt }) => expiresAt));
  };
  const ends = () => new Set([(now + 30 * daySeconds * 1000) / 1000]);

  test('a report after the end of a run expires with its records', async () => {
    const run = await deliveredRun();
    await expireRun(deps, run);
    expect(await report(deps.runs, run.id)).toBe('accepted');
    expect(await endsOfEvents(run.id)).toEqual(ends());
  });

  test('a late report expires with the run’s records, even if their expiry is set while it is stored', async () => {
    const run = await deliveredRun();
    let reads = 0;
    const runs: Table = {
      ...deps.runs,
      get: async (key) => {
        const item = await deps.runs.get(key);
        if (key.sk === 'RUN' && reads++ === 0) await expireRun(deps, run);
        return item;
      },
    };
    expect(await report(runs, run.id)).toBe('accepted');
    expect(await endsOfEvents(run.id)).toEqual(ends());
  });

  test('a late report expires with the run’s records, even if the worker that stored it crashed', async () => {
    const run = await deliveredRun();
    await expireRun(deps, run);
    await recordEvent(deps.runs, run.id, sha256(body), { flag: 'RUN_FINISHED', receivedAt: checkAfter });
    expect(await report(deps.runs, run.id)).toBe('accepted');
    expect(await endsOfEvents(run.id)).toEqual(ends());
  });
});

test('an upload whose run’s records have expired is recognised and not paid for again', async () => {
  const run = await deliveredRun();
  await expireRun(deps, run);
  await deleteWhatEnded();
  expect(await claimRun(deps, upload, rule)).toBe(undefined);
  expect(await readRun(deps.runs, run.id)).toBe(undefined);
  expect((await listRuns(deps, { ruleId: rule.id })).runs).toEqual([]);
});

test('a copy that continues after its run was cancelled leaves no lasting records', async () => {
  const claimed = await claimRun(deps, upload, rule);
  const run = await move(claimed as Run, { status: 'cancelled', reason: 'nobody wants it.' });
  await noteOutput(deps.runs, run.id, 'o1', { status: 'copying' });
  await expireRun(deps, run);
  await noteOutput(deps.runs, run.id, 'o1', { status: 'copying', at: checkAfter });
  const place = { pk: keyPk('deliveries', 'a.mp4'), sk: run.id, type: 'key', runId: run.id };
  const output = { ...copied, key: 'a.mp4', checksum: { algorithm: 'crc32c', value: '01234567' } as never };
  expect(await noteOutput(deps.runs, run.id, 'o1', output, [{ put: place }])).toBe(true);
  const { [`RUN#${run.id} RUN`]: ends, ...others } = await left();
  expect(others).toMatchObject({ [`RUN#${run.id} OUTPUT#o1`]: ends, [`${place.pk} ${place.sk}`]: ends });
  expect(ends).toBeGreaterThan(now / 1000);
});

test('an object with rewritten metadata is not a new video, even if its run’s records have expired', async () => {
  const object = { ...upload, etag: 'e', size: 5 };
  const run = await deliveredRun(object);
  await expireRun(deps, run);
  await deleteWhatEnded();
  now += 40 * daySeconds * 1000;
  const copy = { ...object, versionId: 'v2', reason: 'CopyObject' };
  const second = (await claimRun(deps, copy, rule)) as Run;
  expect(await rewritten(deps as never, second)).toMatchObject({ next: { status: 'ignored' } });
  const other = { ...rule, id: 'another' };
  for (const [change, by] of [
    [{ etag: 'f' }, rule],
    [{ size: 6 }, rule],
    [{}, other],
  ] as const) {
    const third = (await claimRun(deps, { ...copy, ...change, versionId: `v3${JSON.stringify(change)}` }, by)) as Run;
    expect(await rewritten(deps as never, third)).toBe(undefined);
  }
});

test('a second attempt with an expired link is not retried if the first attempt’s records have expired', async () => {
  const second = { ...claimedRun(), attempt: 2, previousRunId: 'Z'.repeat(24) };
  expect(await mayTryAgain(deps, claimedRun(), 'input-expired')).toBe(true);
  expect(await mayTryAgain(deps, second, 'input-expired')).toBe(false);
});

test('an output of a run whose records have expired is not taken as an upload', async () => {
  const run = await deliveredRun();
  await expireRun(deps, run);
  await deleteWhatEnded();
  const metadata = { 'tessera-run-id': run.id, 'tessera-hops': '0' };
  const judging = { ...deps, rules: async () => ({ maxHops: 3 }) } as never;
  expect(await lineageOf(judging, metadata)).toMatchObject({ next: { status: 'ignored' } });
  expect((await deps.runs.query({ pk: `RUN#${run.id}` })).items).toMatchObject([{ type: 'move', to: 'copying' }]);
});

test('the key items of a group that was never complete expire too', async () => {
  const claimed = await claimRun(deps, upload, rule);
  const waits = { until: checkAfter, checkAfter, group: 'g', members: [{ key: 'in/a.mp4' }, { key: 'in/b.mp4' }] };
  const gathering = await move(claimed as Run, { status: 'gathering', ...waits });
  await deps.runs.write(...keyWrites(upload.bucket, ['in/b.mp4'], gathering, waits.members));
  const run = await move(gathering, { status: 'rejected', reason: 'the group is not complete.' });
  await expireRun(deps, run);
  const ends = now / 1000 + 30 * daySeconds;
  expect(await left()).toMatchObject({
    [`${keyPk(upload.bucket, 'in/b.mp4')} ${run.createdAt}#${run.id}`]: ends,
    [`RUN#${run.id} INPUTS`]: ends,
  });
});
