import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { MosaicError } from '../../shared/mosaic/errors.ts';
import type { Table, Write } from '../../shared/platform/ports.ts';
import { retryRun } from '../../shared/runs/operate/retry-run.ts';
import type { Run } from '../../shared/runs/run/run.ts';
import { type FileServer, serveFile } from '../support/file-server.ts';
import { type ControlWorld, controlWorld } from './control-world.ts';

let outputs: FileServer;
let world: ControlWorld;
let transactions: (readonly Write[])[];

beforeAll(async () => {
  outputs = await serveFile();
});
afterAll(() => outputs.close());
afterEach(() => world.close());

const watched = (table: Table): Table => ({
  ...table,
  write: async (...writes) => {
    transactions.push(writes);
    return table.write(...writes);
  },
});

function openWorld(rules: unknown) {
  transactions = [];
  world = controlWorld({ outputs, rules, slots: 20, wrap: (ports) => ({ ...ports, runs: watched(ports.runs) }) });
}

/** What a table refuses (a key twice, a hundred writes and one, keys and items too long) it refuses for good. */
const faults = () => world.lines.filter(({ event }) => event === 'message.failed' || event === 'start.not-made');
const most = () => Math.max(...transactions.map(({ length }) => length));

/** With all that may be written together: both kinds of slots, caps, a budget, a hold's probe, and the next attempt. */
const everything = {
  ...{ slots: 3, maxRunsPerHour: 900, rate: { perRun: 1 }, priority: 9 },
  ...{ retry: { attempts: 3, on: ['agent-failed', 'refused'] }, data: { note: 'n'.repeat(2000) } },
};
/** Longest, and of letters that a line's name or a path may stumble over. */
const longId = (start: string) => `${start}#%/e\u0301 `.padEnd(200, '日');
/** 1,024 bytes. */
const longKey = `in/${'e\u0301'.repeat(338)}ab.mp4`;

describe('the largest possible run fits into one transaction', () => {
  test('a run with the most following rules and the longest ids and keys starts all of them', async () => {
    const first = longId('first');
    const after = Array.from({ length: 16 }, (_, index) => ({
      ...{ ...everything, id: longId(`next${index}`), after: first, agentId: `agent-${index}`, data: {} },
    }));
    const rules = [{ ...everything, id: first, prefix: 'in/', agentId: 'agent' }, ...after];
    openWorld({ maxRunsPerHour: 1000, budget: { perDay: 1000, currency: 'USD' }, rules });
    world.script.answers.push(new MosaicError('none left', { kind: 'credits', status: 403 }));
    await world.started(longKey);
    // The start after the hold is its probe.
    await world.later(61);
    const run = await world.runOf(longKey);
    expect((await world.report(run, { status: 'completed' }, 3)).status).toBe('delivered');
    await world.later(61);
    const chained = await chainsOf(run);
    expect(chained.map(({ status }) => status)).toEqual(Array.from({ length: 16 }, () => 'running'));
    for (const one of chained) await world.report(one, { status: 'failed', statusMessage: 'it fell over' });
    expect((await chainsOf(run)).every(({ attempt }) => attempt === 2)).toBe(true);
    expect(faults()).toEqual([]);
    expect(most()).toBeGreaterThan(80);
    expect(most()).toBeLessThanOrEqual(100);
  });

  test('a run of a group of fifty objects can be refused, retried, and retried by a person', async () => {
    const start = { groupBy: '{folder}', count: 50 };
    const id = longId('group');
    openWorld({ rules: [{ ...everything, id, prefix: 'in/', agentId: 'agent', start }] });
    const refused = () => new MosaicError('no such agent', { kind: 'not-found', status: 404 });
    world.script.answers.push(refused(), refused(), refused());
    const folder = `in/${'f'.repeat(900)}`;
    for (let member = 0; member < 50; member += 1) await world.upload(`${folder}/${member}.mp4`);
    await world.drain();
    const last = (await world.runs.query({ pk: `RULE#${id}`, prefix: 'ended#' })).items
      .map(({ runId, attempt }) => ({ runId: String(runId), attempt }))
      .find(({ attempt }) => attempt === 3);
    const again = await retryRun(world.deps, last?.runId ?? '');
    await world.drain();
    expect(await world.read(again.id)).toMatchObject({ status: 'running', attempt: 4 });
    expect(world.agentRunOf(again).request.videoUrls).toHaveLength(50);
    expect(faults()).toEqual([]);
    expect(most()).toBeLessThanOrEqual(100);
  });
});

/** The newest attempt of each run that took this one's outputs. */
async function chainsOf(run: Run): Promise<readonly Run[]> {
  const { items } = await world.runs.query({ pk: `UPLOAD#run#${run.id}` });
  return Promise.all(items.map(({ runId }) => world.read(String(runId))));
}
