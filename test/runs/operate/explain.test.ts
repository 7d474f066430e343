import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { silentLog } from '../../../shared/log.ts';
import { type LocalPlatform, openLocal } from '../../../shared/platform/local/index.ts';
import { pause } from '../../../shared/runs/capacity/pause.ts';
import { claimRun } from '../../../shared/runs/create/claim-run.ts';
import { explainKey } from '../../../shared/runs/operate/explain.ts';
import { parseRules } from '../../../shared/runs/rules/parse-rules.ts';
import { spentKey } from '../../../shared/runs/run/run-items.ts';

let folder: string;
let platform: LocalPlatform;
const clock = () => Date.parse('2026-01-02T03:04:05.000Z');
/** The beginning of an MP4, as far as names and kinds go. */
const video = Buffer.concat([Buffer.from('\0\0\0\x18ftypisom\0\0\x02\0isomiso2', 'latin1'), Buffer.alloc(100)]);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tessera-'));
  platform = openLocal({ folder, clock });
});
afterEach(() => {
  platform.close();
  rmSync(folder, { recursive: true, force: true });
});

const world = (...rules: object[]) => {
  const set = parseRules({ rules: rules.map((rule) => ({ agentId: 'cut', ...rule })) }, 7);
  const [runs, uploads] = [platform.table('runs'), platform.bucket('uploads')];
  return { runs, uploads, clock, rules: async () => set, set };
};

describe('explain', () => {
  test('says of each rule why it takes a key or not, and what would become of it', async () => {
    const deps = world(
      { id: 'other', prefix: 'out/' },
      {
        id: 'shows',
        pattern: 'in/{show}/{title}.mp4',
        priority: 8,
        updateParams: { n: { title: '{title} of {metadata.station}' } },
        deliver: { key: '{show}/{title}-{output}.{extension}' },
      },
      { id: 'rest', prefix: 'in/' },
      { id: 'next', after: 'shows' },
    );
    await deps.uploads.put('in/news/monday.mp4', video, { metadata: { station: 'One' } });
    expect(await explainKey({ ...deps, deliveriesPrefix: 'edited/' }, 'in/news/monday.mp4')).toMatchObject({
      object: { size: video.length },
      rulesVersion: 7,
      match: 'first',
      heldBack: [],
      rules: [
        { ruleId: 'other', takes: false, because: 'the key does not begin with "out/"' },
        {
          ruleId: 'shows',
          takes: true,
          because: expect.stringContaining('of the shape'),
          would: {
            status: 'waiting',
            priority: 8,
            updateParams: { n: { title: 'monday of One' } },
            deliversTo: 'edited/news/monday-OUTPUT.mp4',
            media: { container: 'mp4' },
            feeds: ['next'],
          },
        },
        { ruleId: 'rest', takes: false, because: expect.stringContaining('"shows" stands before it') },
      ],
    });
  });

  test('measures the object as an upload is measured', async () => {
    const deps = world({ id: 'strict', prefix: '', filter: { unmeasurable: 'reject' } });
    await deps.uploads.put('a.mp4', video);
    await deps.uploads.put('b.mp4', 'no video at all');
    const reasonOf = async (key: string) => (await explainKey(deps, key)).rules[0]?.would;
    expect(await reasonOf('a.mp4')).toMatchObject({
      status: 'rejected',
      reason: expect.stringContaining('cannot be measured'),
    });
    expect(await reasonOf('b.mp4')).toMatchObject({
      status: 'rejected',
      reason: expect.stringContaining('it is text'),
    });
    expect(await reasonOf('.hidden.mp4')).toMatchObject({ status: 'ignored' });
  });

  test('of an object that is not there, says what its name alone decides', async () => {
    const deps = world({ prefix: 'in/', updateParams: { n: { title: '{stem}' } } });
    expect((await explainKey(deps, 'in/a.mp4')).rules[0]?.would).toMatchObject({
      reason: expect.stringContaining('no such object'),
      updateParams: { n: { title: 'a' } },
      deliversTo: 'in/a.mp4',
    });
  });

  test('says what keeps runs from starting', async () => {
    const deps = world({ id: 'shows', prefix: '' });
    await deps.uploads.put('a.mp4', video);
    await pause({ ...deps, log: silentLog }, { ruleId: 'shows', reason: 'holidays' });
    await pause({ ...deps, log: silentLog }, { reason: 'inventory' });
    const explained = await explainKey(deps, 'a.mp4');
    expect(explained.heldBack).toEqual([expect.stringContaining('inventory')]);
    expect(explained.rules[0]?.heldBack).toEqual([expect.stringContaining('holidays')]);
  });

  test('says when the rest of the budget is too little for it', async () => {
    const rules = [{ id: 'shows', prefix: '', agentId: 'cut' }];
    const set = parseRules({ rules, budget: { perDay: 5, currency: 'EUR' }, rate: { perRun: 2 } });
    const deps = { ...world(), rules: async () => set };
    await deps.uploads.put('a.mp4', video);
    const held = async () => {
      const { heldBack, rules } = await explainKey(deps, 'a.mp4');
      return [...heldBack, ...(rules[0]?.heldBack ?? [])];
    };
    const spend = (value: number) => deps.runs.write({ put: { ...spentKey('2026-01-02'), type: 'counter', value } });
    await spend(3);
    expect(await held()).toEqual([]);
    await spend(4);
    expect(await held()).toEqual(['4 of 5 EUR are spent today, and the rest is too little for it (2)']);
    await spend(5);
    expect(await held()).toEqual(['5 of 5 EUR are spent today']);
  });

  test('of a member of a group that is not there yet, says what makes the group complete', async () => {
    const members = [{ suffix: '-cam1.mp4' }, { suffix: '-cam2.mp4' }];
    const deps = world({ id: 'multicam', prefix: '', start: { groupBy: '{folder}', members } });
    const would = async (key: string) => (await explainKey(deps, key)).rules[0]?.would;
    expect(await would('studio/y/e-cam2.mp4')).toMatchObject({
      status: 'unknown',
      reason: expect.stringContaining('group "studio/y", which is complete with *-cam1.mp4, *-cam2.mp4.'),
    });
    expect(await would('studio/y/e.mp4')).toMatchObject({ status: 'ignored' });
  });

  test('tells where a manifest and the videos beside it go', async () => {
    const deps = world(
      { id: 'customers', pattern: 'customers/{customer}/{title}.*' },
      { id: 'cut-lists', prefix: 'cuts/', start: 'manifest' },
    );
    const takers = async (key: string) => (await explainKey(deps, key)).rules.filter(({ takes }) => takes);
    expect(await takers('cuts/monday.run.json')).toMatchObject([{ ruleId: 'cut-lists', would: { status: 'unknown' } }]);
    expect(await takers('cuts/monday.mp4')).toMatchObject([{ ruleId: 'cut-lists', would: { status: 'ignored' } }]);
  });

  test('names the run that the object has already', async () => {
    const deps = world({ id: 'shows', prefix: '' });
    await deps.uploads.put('a.mp4', video);
    const head = await deps.uploads.head('a.mp4');
    const upload = { bucket: 'uploads', key: 'a.mp4', versionId: head?.versionId ?? '' };
    const [rule] = deps.set.rules;
    if (rule === undefined) throw new Error('There is a rule.');
    const { id } = (await claimRun({ ...deps, log: silentLog }, upload, rule)) ?? {};
    expect((await explainKey(deps, 'a.mp4')).rules[0]).toMatchObject({ claimed: { runId: id, status: 'claimed' } });
    await deps.runs.write({ delete: { pk: `RUN#${id}`, sk: 'RUN' } });
    expect((await explainKey(deps, 'a.mp4')).rules[0]).toMatchObject({ claimed: { runId: id, status: 'forgotten' } });
  });

  test('does nothing', async () => {
    const deps = world(
      { prefix: '', start: { groupBy: '{folder}', count: 2 } },
      { id: 'b', prefix: 'b/', sidecar: 'required' },
    );
    await deps.uploads.put('in/a.mp4', video);
    const written: unknown[] = [];
    const runs = { ...deps.runs, write: async (...writes: unknown[]) => void written.push(writes) as never };
    const uploads = new Proxy(deps.uploads, {
      get: (target, name) =>
        ['head', 'read', 'name', 'list', 'listParts'].includes(String(name))
          ? target[name as keyof typeof target]
          : () => void written.push(name),
    });
    const explained = await explainKey({ ...deps, runs, uploads }, 'in/a.mp4');
    expect(explained.rules[0]?.would).toMatchObject({ status: 'gathering', reason: expect.stringContaining('group') });
    await deps.uploads.put('b/a.mp4', video);
    const second = await explainKey(
      { ...deps, rules: async () => ({ ...deps.set, match: 'all' }), runs, uploads },
      'b/a.mp4',
    );
    expect(second.rules[1]?.would).toMatchObject({
      status: 'gathering',
      reason: expect.stringContaining('b/a.mp4.tessera.json'),
    });
    expect(written).toEqual([]);
  });

  test('a sidecar is nobody’s video', async () => {
    const explained = await explainKey(world({ prefix: '' }), 'a.mp4.tessera.json');
    expect(explained.rules).toMatchObject([{ takes: false, because: expect.stringContaining('sidecar') }]);
  });
});
