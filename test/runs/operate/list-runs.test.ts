import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Item, Table } from '../../../shared/platform/ports.ts';
import { listRuns } from '../../../shared/runs/operate/list-runs.ts';
import { type ControlWorld, controlWorld } from '../../journeys/control-world.ts';
import { type FileServer, serveFile } from '../../support/file-server.ts';
import { countingTable, madePartition } from '../counting-table.ts';

const clock = () => Date.parse('2026-01-02T03:04:05.000Z');
const createdAt = (index: number) => new Date(clock() - (100_000 - index) * 1000).toISOString();

/** 100,000 runs of one rule, of which the last hundred are open. */
const listed = (index: number): Item => {
  const half = index < 99_900 ? 'ended' : 'open';
  const runId = `run-${index}`;
  const tells = { runId, ruleId: 'in/*', bucket: 'uploads', key: `in/${index}.mp4`, attempt: 1 };
  const status = half === 'open' ? 'running' : 'delivered';
  return {
    pk: 'RULE#in/*',
    sk: `${half}#${createdAt(index)}#${runId}`,
    type: 'listed',
    status,
    createdAt: createdAt(index),
    ...tells,
  };
};
const partition = madePartition(100_000, listed);
const made: Table = {
  get: async () => undefined,
  write: async () => ({ done: true }),
  query: async (query) => (query.pk === 'RULE#in/*' ? partition(query) : { items: [] }),
};

describe('a rule with 100,000 runs', () => {
  test('tells its open ones from one page', async () => {
    const { table, counts } = countingTable(made);
    const { runs, cursor } = await listRuns({ runs: table, clock }, { ruleId: 'in/*', open: true, limit: 50 });
    expect(runs).toHaveLength(50);
    expect(runs[0]).toMatchObject({ id: 'run-99999', status: 'running', upload: { key: 'in/99999.mp4' } });
    expect(counts).toEqual({ queries: 1, items: 50, gets: 0 });
    const next = await listRuns({ runs: table, clock }, { ruleId: 'in/*', open: true, limit: 60, cursor });
    expect(next.runs.map(({ id }) => id)).toEqual(Array.from({ length: 50 }, (_, n) => `run-${99_949 - n}`));
    expect(next.cursor).toBeUndefined();
  });

  test('finds what is rare in it, and goes on behind it', async () => {
    const rare: Table = {
      ...made,
      query: async (query) => {
        const page = await made.query(query);
        return {
          ...page,
          items: page.items.map((item) => (String(item.runId).endsWith('77') ? { ...item, status: 'failed' } : item)),
        };
      },
    };
    const which = { ruleId: 'in/*', status: 'failed', open: false, limit: 3 } as const;
    const first = await listRuns({ runs: rare, clock }, which);
    const second = await listRuns({ runs: rare, clock }, { ...which, cursor: first.cursor });
    expect([...first.runs, ...second.runs].map(({ id }) => id)).toEqual(
      [998, 997, 996, 995, 994, 993].map((hundred) => `run-${hundred}77`),
    );
  });

  test('is looked through no further than a call may last, and goes on where it stopped', async () => {
    const { table, counts } = countingTable(made);
    const none = await listRuns({ runs: table, clock }, { ruleId: 'in/*', status: 'rejected', limit: 100 });
    expect(none.runs).toEqual([]);
    expect(none.cursor).toBeDefined();
    expect(counts.queries).toBeLessThanOrEqual(40);
  });
});

describe('runs of the last days', () => {
  let outputs: FileServer;
  let world: ControlWorld;
  beforeEach(async () => {
    outputs = await serveFile();
    world = controlWorld({ outputs, slots: 1 });
  });
  afterEach(async () => {
    world.close();
    await outputs.close();
  });

  test('are listed newest first, by state, by key, and page after page', async () => {
    for (const key of ['in/1.mp4', 'in/2.mp4', 'in/3.mp4']) {
      await world.started(key);
      world.jump(86_400);
    }
    const keys = async (which: Parameters<typeof listRuns>[1]) =>
      (await listRuns(world.deps, which)).runs.map(({ upload }) => upload.key);
    expect(await keys({})).toEqual(['in/3.mp4', 'in/2.mp4', 'in/1.mp4']);
    expect(await keys({ status: 'running' })).toEqual(['in/1.mp4']);
    expect(await keys({ key: 'in/2.mp4' })).toEqual(['in/2.mp4']);
    expect(await keys({ since: '2026-01-03T00:00:00.000Z', until: '2026-01-03T23:00:00.000Z' })).toEqual(['in/2.mp4']);
    const first = await listRuns(world.deps, { limit: 2 });
    const second = await listRuns(world.deps, { limit: 2, cursor: first.cursor });
    expect([first, second].map(({ runs }) => runs.length)).toEqual([2, 1]);
  });
});
