import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Denied } from '../../shared/errors.ts';
import type { Bucket } from '../../shared/platform/ports.ts';
import { backfill } from '../../shared/runs/operate/backfill.ts';
import { type FileServer, serveFile } from '../support/file-server.ts';
import { type PipelineWorld, type Ports, pipelineWorld, tinyVideo } from '../support/pipeline-world.ts';

let outputs: FileServer;
let world: PipelineWorld;
let denied: boolean;

beforeAll(async () => {
  outputs = await serveFile();
});
afterAll(() => outputs.close());
beforeEach(() => {
  denied = false;
  const refusing = (real: Bucket): Bucket => ({
    ...real,
    head: async (...all) => {
      if (denied) throw new Denied('HeadObject was denied.');
      return real.head(...all);
    },
  });
  world = pipelineWorld({
    outputs,
    slots: 3,
    wrap: (ports: Ports) => ({ ...ports, uploads: refusing(ports.uploads) }),
  });
});
afterEach(() => world.close());

/** Objects whose events nobody got: they were there before the pipeline was. */
async function alreadyThere(count: number, more: readonly string[] = []): Promise<void> {
  const keys = Array.from({ length: count }, (_, index) => nameOf(index));
  for (const key of [...keys, ...more]) await world.uploads.put(key, tinyVideo);
  for (
    let messages = await world.startQueue.receive();
    messages.length > 0;
    messages = await world.startQueue.receive()
  )
    for (const { receipt } of messages) await world.startQueue.done(receipt);
}

const nameOf = (index: number) => `in/${String(index).padStart(5, '0')}.mp4`;

/** A bucket with this many objects, of which only a listing is wanted. */
function library(count: number) {
  const told: string[] = [];
  const all = Array.from({ length: count }, (_, index) => nameOf(index));
  const list: Bucket['list'] = async ({ after = '', limit = 1000 } = {}) => {
    const rest = all.filter((key) => key > after);
    const objects = rest.slice(0, limit).map((key) => ({ key, size: 1, etag: 'e', lastModified: new Date(0) }));
    return { objects, ...(rest.length > limit && { next: objects.at(-1)?.key }) };
  };
  const send = async (...messages: readonly { body: unknown }[]) => {
    for (const { body } of messages) told.push((body as { key: string }).key);
  };
  const deps = {
    ...world.deps,
    uploads: { ...world.uploads, list },
    startQueue: { ...world.startQueue, send },
  };
  return { deps, told };
}

const runCount = async () => {
  let [count, cursor] = [0, undefined as string | undefined];
  do {
    const page = await world.runs.query({ pk: 'RULE#in/*', cursor });
    count += page.items.length;
    cursor = page.next;
  } while (cursor !== undefined);
  return count;
};

describe('a back-fill', () => {
  test('gives each object under its prefix a run, and nothing else', async () => {
    await alreadyThere(3, ['in/é +%41.mp4', 'other/a.mp4', 'in/.DS_Store', 'in/notes.tessera.json']);
    expect(await backfill(world.deps, { prefix: 'in/' })).toEqual({ sent: 6, done: true });
    await world.drain();
    expect(await runCount()).toBe(5);
    expect(await world.runOf('in/é +%41.mp4')).toMatchObject({ upload: { versionId: expect.any(String) } });
    expect((await world.runOf('in/.DS_Store')).status).toBe('ignored');
  });

  test('of thousands goes on page by page where it was stopped', async () => {
    const { deps, told } = library(3200);
    const seen: string[] = [];
    const stop = (page: { lastKey: string }) => {
      seen.push(page.lastKey);
      if (seen.length === 2) throw new Error('stopped');
    };
    await expect(backfill(deps, { prefix: 'in/', onPage: stop })).rejects.toThrow('stopped');
    expect(seen).toEqual(['in/00499.mp4', 'in/00999.mp4']);
    expect(await backfill(deps, { prefix: 'in/', limit: 700 })).toEqual({ sent: 700, done: false });
    expect(await backfill(deps, { prefix: 'in/' })).toEqual({ sent: 1500, done: true });
    expect(await backfill(deps, { prefix: 'in/' })).toEqual({ sent: 0, done: true });
    expect(told).toEqual(Array.from({ length: 3200 }, (_, index) => nameOf(index)));
  });

  test('that dies before it could note its page tells of that page again, never of less', async () => {
    const { deps, told } = library(1200);
    const table = { ...deps.runs, write: () => Promise.reject(new Error('died')) };
    await expect(backfill({ ...deps, runs: table }, { prefix: 'in/' })).rejects.toThrow('died');
    expect(await backfill(deps, { prefix: 'in/' })).toEqual({ sent: 1200, done: true });
    expect(new Set(told).size).toBe(1200);
    expect(told).toHaveLength(1700);
  });

  test('done again, or beside S3’s own events, gives no object a second run', async () => {
    await alreadyThere(4);
    await world.upload('in/late.mp4');
    await backfill(world.deps, { prefix: 'in/' });
    await world.drain();
    expect(await backfill(world.deps, { prefix: 'in/', again: true })).toEqual({ sent: 5, done: true });
    await world.drain();
    expect(await runCount()).toBe(5);
  });

  test('of an object that may not be read asks again later, and uses no message up', async () => {
    await alreadyThere(1);
    denied = true;
    await backfill(world.deps, { prefix: 'in/' });
    await world.drain();
    expect(world.lines.filter(({ event }) => event === 'message.failed')).toEqual([]);
    const denials = (wanted: string) =>
      world.lines.filter(({ event, level }) => event === 'upload.denied' && level === wanted);
    expect(denials('error')).toHaveLength(1);
    for (let quarter = 0; quarter < 3; quarter += 1) {
      world.jump(900);
      await world.drain();
    }
    expect(denials('error')).toHaveLength(1);
    expect(denials('warn')).toHaveLength(3);
    denied = false;
    world.jump(900);
    await world.drain();
    expect((await world.runOf('in/00000.mp4')).status).toBe('running');
  });

  test('is remembered under any prefix, also one as long as keys are', async () => {
    const prefix = `in/${'é'.repeat(510)}`;
    await alreadyThere(0, [prefix, 'in/{a}#%']);
    for (const each of [prefix, 'in/{a}#%']) {
      expect(await backfill(world.deps, { prefix: each })).toEqual({ sent: 1, done: true });
      expect(await backfill(world.deps, { prefix: each })).toEqual({ sent: 0, done: true });
    }
    const places = (await world.runs.query({ pk: 'BACKFILL' })).items;
    expect(Math.max(...places.map(({ sk }) => Buffer.byteLength(sk)))).toBeLessThanOrEqual(1024);
  });

  test('of an object that is gone by then does nothing', async () => {
    await world.startQueue.send({ body: { kind: 'object', key: 'in/gone.mp4' } });
    await world.drain();
    expect(await runCount()).toBe(0);
  });
});
