import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Table } from '../../../shared/platform/ports.ts';
import { notingUploads } from '../../../shared/runs/deliver/track-uploads.ts';
import { reapUploads } from '../../../shared/runs/reconcile/reap-uploads.ts';
import { moveRun, readRun } from '../../../shared/runs/run/move-run.ts';
import { noteOutput } from '../../../shared/runs/run/output-items.ts';
import type { Copying } from '../../../shared/runs/run/run.ts';
import { newRunWrites, shards, uploadingPk } from '../../../shared/runs/run/run-items.ts';
import { type FileServer, serveFile } from '../../support/file-server.ts';
import { type PipelineWorld, pipelineWorld } from '../../support/pipeline-world.ts';
import { claimedRun } from '../run/example-run.ts';

let outputs: FileServer;
let world: PipelineWorld;
const runId = 'A'.repeat(24);
const day = 24 * 3600;

beforeAll(async () => {
  outputs = await serveFile();
});
afterAll(() => outputs.close());
beforeEach(async () => {
  world = pipelineWorld({ outputs });
  await world.runs.write(...newRunWrites(copying()));
});
afterEach(() => world.close());

const copying = (): Copying => ({
  ...claimedRun(runId),
  ...{ status: 'copying', agentRunId: 'agent-run', expected: [{ id: 'o1' }], partial: false, nodeErrors: [] },
  finishedAt: '2026-01-02T03:04:05.000Z',
});

const begin = (key = 'a.mp4') => notingUploads(world.deps, runId, 'o1').startUpload(key);
const open = async () => (await world.deliveries.listUploads()).uploads.map(({ uploadId }) => uploadId);
const notes = async () =>
  (await Promise.all(shards.map((shard) => world.runs.query({ pk: uploadingPk(shard) })))).flatMap(
    ({ items }) => items,
  );

async function end(): Promise<void> {
  const run = await readRun(world.runs, runId);
  if (run !== undefined)
    await moveRun(world.deps, run, { status: 'cancelled', reason: 'enough', agentRunId: 'agent-run' });
}

describe('parts of a copy that nobody will finish', () => {
  test('are thrown away a day after it began, when its run has ended', async () => {
    await begin();
    await end();
    world.jump(day - 60);
    expect(await reapUploads(world.deps)).toEqual({ reaped: 0 });
    expect(await open()).toHaveLength(1);
    world.jump(60);
    expect(await reapUploads(world.deps)).toEqual({ reaped: 1 });
    expect([await open(), await notes()]).toEqual([[], []]);
  });

  test('are thrown away by reconcile', async () => {
    await begin();
    await end();
    world.jump(day);
    await world.reconcile();
    expect(await open()).toEqual([]);
  });

  test('are found though their worker stopped before it knew what it had begun', async () => {
    const runs: Table = {
      ...world.runs,
      write: (...writes) =>
        writes.some((each) => 'update' in each)
          ? Promise.reject(new Error('The process died.'))
          : world.runs.write(...writes),
    };
    const bucket = notingUploads({ ...world.deps, runs }, runId, 'o1');
    await expect(bucket.startUpload('a.mp4')).rejects.toThrow('died');
    expect((await notes())[0]?.uploadId).toBeUndefined();
    await end();
    world.jump(day);
    expect(await reapUploads(world.deps)).toEqual({ reaped: 1 });
    expect(await open()).toEqual([]);
  });

  test('stay while the run is copied, however long that takes', async () => {
    const { uploadId } = await begin();
    await noteOutput(world.runs, runId, 'o1', { status: 'copying', transfer: { uploadId } as never });
    world.jump(5 * day);
    expect(await reapUploads(world.deps)).toEqual({ reaped: 0 });
    expect(await open()).toEqual([uploadId]);
  });

  test('are thrown away when the copy began anew since, or is done', async () => {
    await begin();
    const { uploadId } = await begin();
    await noteOutput(world.runs, runId, 'o1', { status: 'copying', transfer: { uploadId } as never });
    world.jump(day);
    expect(await reapUploads(world.deps)).toEqual({ reaped: 1 });
    expect(await open()).toEqual([uploadId]);
    await noteOutput(world.runs, runId, 'o1', { status: 'failed', reason: 'it is no video' });
    expect(await reapUploads(world.deps)).toEqual({ reaped: 1 });
    expect(await open()).toEqual([]);
  });

  test('are thrown away once, by however many at once', async () => {
    await begin();
    await end();
    world.jump(day);
    await Promise.all([reapUploads(world.deps), reapUploads(world.deps)]);
    expect([await open(), await notes()]).toEqual([[], []]);
  });
});

describe('an upload that somebody else began stays', () => {
  test('though it is to the same key', async () => {
    await begin();
    const theirs = await world.deliveries.startUpload('a.mp4');
    await end();
    world.jump(day);
    await reapUploads(world.deps);
    expect(await open()).toEqual([theirs.uploadId]);
  });

  test.each([
    ['it holds a part, which ours could not', true, 1],
    ['there are two, either of which may be ours', false, 2],
  ])('though it began to the same key while we cannot name ours: %s', async (_, hasPart, count) => {
    const begunAt = new Date(world.clock()).toISOString();
    const place = { pk: uploadingPk('0'), sk: `${begunAt}#${runId}#x` };
    await world.runs.write({ put: { ...place, type: 'uploading', runId, outputId: 'o1', key: 'a.mp4', begunAt } });
    for (let n = 0; n < count; n += 1) {
      const theirs = await world.deliveries.startUpload('a.mp4');
      if (hasPart) await world.deliveries.putPart(theirs, 1, Buffer.from('part'));
    }
    await end();
    world.jump(day);
    expect(await reapUploads(world.deps)).toEqual({ reaped: 1 });
    expect(await open()).toHaveLength(count);
    expect(await notes()).toEqual([]);
  });

  test('though we cannot name ours: it began at another time, is to another key, or is named in another note', async () => {
    const longer = await world.deliveries.startUpload('a.mp4.tmp');
    const other = await begin();
    const begunAt = new Date(world.clock()).toISOString();
    const place = { pk: uploadingPk('0'), sk: `${begunAt}#${runId}#x` };
    await world.runs.write({ put: { ...place, type: 'uploading', runId, outputId: 'o1', key: 'a.mp4', begunAt } });
    world.jump(3600);
    const later = await world.deliveries.startUpload('a.mp4');
    await noteOutput(world.runs, runId, 'o1', { status: 'copying', transfer: { uploadId: other.uploadId } as never });
    world.jump(day);
    await reapUploads(world.deps);
    expect(new Set(await open())).toEqual(new Set([longer.uploadId, other.uploadId, later.uploadId]));
  });
});
