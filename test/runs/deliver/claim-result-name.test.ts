import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { silentLog } from '../../../shared/log.ts';
import type { Table } from '../../../shared/platform/ports.ts';
import { claimResultName, rootOf } from '../../../shared/runs/deliver/claim-result-name.ts';
import { deliveryKey, manifestKey } from '../../../shared/runs/deliver/output-key.ts';
import { readRun } from '../../../shared/runs/run/move-run.ts';
import { storeFirstResultNames, storeResultNames } from '../../../shared/runs/run/result-names.ts';
import type { Copying } from '../../../shared/runs/run/run.ts';
import { newRunWrites } from '../../../shared/runs/run/run-items.ts';
import { openForTest } from '../../platform/open-world.ts';
import { crashingPorts } from '../../support/crashing-ports.ts';

const at = '2026-01-02T03:04:05.000Z';
const clock = () => Date.parse(at);
let runsMade = 0;

function copying(key: string, videos = 1, more: Partial<Copying> = {}): Copying {
  runsMade += 1;
  return {
    id: `run-${runsMade}`,
    upload: { bucket: 'uploads', key },
    rule: { id: 'cut', prefix: '', agentId: 'agent-1', priority: 5 },
    attempt: 1,
    createdAt: at,
    updatedAt: at,
    revision: 1,
    status: 'copying',
    agentRunId: `agent-run-${runsMade}`,
    expected: Array.from({ length: videos }, (_, index) => ({ id: `o${index + 1}` })),
    partial: false,
    nodeErrors: [],
    finishedAt: at,
    checkAfter: at,
    ...more,
  };
}

async function newTable(names: 'input' | 'run' = 'input'): Promise<Table> {
  const runs = openForTest().table('runs');
  await storeResultNames(runs, names);
  return runs;
}

async function claim(runs: Table, run: Copying): Promise<Copying> {
  await runs.write(...newRunWrites(run));
  const named = await claimResultName({ runs, clock, log: silentLog }, run);
  if (named === undefined) throw new Error('The run is over.');
  return named;
}

const nameOf = async (runs: Table, key: string, videos = 1) => (await claim(runs, copying(key, videos))).resultName;

/** Every key that a run may write: its videos, what lies beside them, its manifest. */
const keysOf = (run: Copying): readonly string[] => [
  manifestKey(run, 1),
  ...run.expected.flatMap((output) => {
    const key = deliveryKey(run, output, 'mp4', { expected: run.expected });
    return [key, key.replace(/\.mp4$/, '.thumbnail.jpg'), key.replace(/\.mp4$/, '.project.zip')];
  }),
];

describe('a result name', () => {
  test('is the folder and name of the input', async () => {
    const run = await claim(await newTable(), copying('tighten/talk.mov'));
    expect(keysOf(run).slice(0, 2)).toEqual(['tighten/talk.manifest.json', 'tighten/talk.mp4']);
  });

  test('numbers the clips of a run with several videos', async () => {
    const run = await claim(await newTable(), copying('tighten/talk.mov', 2));
    expect(keysOf(run).filter((key) => key.endsWith('.mp4'))).toEqual([
      'tighten/talk-clip-1.mp4',
      'tighten/talk-clip-2.mp4',
    ]);
  });

  test('gets a number when another run has it: a second run, another extension, an upload of that very name', async () => {
    const runs = await newTable();
    const names = [];
    for (const key of ['a/talk.mp4', 'a/talk.mp4', 'a/talk.mov', 'a/talk-2.mp4', 'b/talk.mp4', 'a/talk-2.mp4'])
      names.push(await nameOf(runs, key));
    expect(names).toEqual(['a/talk', 'a/talk-2', 'a/talk-3', 'a/talk-2-2', 'b/talk', 'a/talk-2-3']);
  });

  test('never meets the clips of another run, whichever of the two comes first', async () => {
    const before = await newTable();
    expect([await nameOf(before, 'talk.mp4', 3), await nameOf(before, 'talk-clip-2.mp4')]).toEqual([
      'talk',
      'talk-clip-2-2',
    ]);
    const after = await newTable();
    expect([await nameOf(after, 'talk-clip-2.mp4'), await nameOf(after, 'talk.mp4', 3)]).toEqual([
      'talk-clip-2',
      'talk-2',
    ]);
    // One video has no clips, so nothing meets.
    const single = await newTable();
    expect([await nameOf(single, 'talk-clip-2.mp4'), await nameOf(single, 'talk.mp4')]).toEqual([
      'talk-clip-2',
      'talk',
    ]);
  });

  test('is kept: asked for again, a run has the same one', async () => {
    const runs = await newTable();
    const run = copying('talk.mp4');
    const first = await claim(runs, run);
    const deps = { runs, clock, log: silentLog };
    expect((await claimResultName(deps, first))?.resultName).toBe('talk');
    // With what it read before somebody else named it.
    expect((await claimResultName(deps, run))?.resultName).toBe('talk');
  });

  test('is not claimed where a rule has a template, or the stage keeps its older names', async () => {
    const rule = { ...copying('talk.mp4').rule, deliver: { key: 'x/{stem}.{extension}' } };
    expect((await claim(await newTable(), copying('talk.mp4', 1, { rule }))).resultName).toBeUndefined();
    const older = await claim(await newTable('run'), copying('talk.mp4'));
    expect(older.resultName).toBeUndefined();
    expect(keysOf(older)[0]).toBe(`talk/${older.id}/manifest.json`);
  });

  test('is not claimed late: a stage that switches leaves a run whose copies were requested as it is', async () => {
    const late = copying('talk.mp4', 2, { checkAfter: '2026-01-02T03:24:05.000Z' });
    expect((await claim(await newTable(), late)).resultName).toBeUndefined();
  });

  test.each([
    ['a name without extension', 'in/talk', 'in/talk'],
    ['a name that begins with a dot', 'in/.hidden', 'in/.hidden'],
    ['a dot in its folder', 'in.d/talk', 'in.d/talk'],
    ['several extensions', 'talk.one.mp4', 'talk.one'],
  ])('of %s', async (_, key, name) => {
    expect(await nameOf(await newTable(), key)).toBe(name);
  });

  test('of a key as long as S3 takes it leaves room for every ending, and differs for keys that begin alike', async () => {
    const runs = await newTable();
    const long = `in/${'ü'.repeat(500)}`;
    const [one, two] = [await claim(runs, copying(`${long}1.mp4`, 12)), await claim(runs, copying(`${long}2.mp4`, 12))];
    for (const key of [...keysOf(one), ...keysOf(two)]) expect(Buffer.byteLength(key)).toBeLessThan(1024);
    const prefix = `${'p'.repeat(250)}/`;
    expect(Buffer.byteLength(manifestKey(one, 12, prefix))).toBeLessThanOrEqual(1024);
    expect(manifestKey(one, 12, prefix)).toMatch(/\.json$/);
    expect(new Set([...keysOf(one), ...keysOf(two)]).size).toBe(2 * keysOf(one).length);
  });

  test('of the thousandth upload of one name costs as many reads as that of the third', async () => {
    const runs = await newTable();
    let reads = 0;
    const counting: Table = {
      ...runs,
      get: (key) => {
        reads += 1;
        return runs.get(key);
      },
    };
    const readsOfEach: number[] = [];
    for (let upload = 0; upload < 60; upload += 1) {
      reads = 0;
      await claim(counting, copying('talk.mp4'));
      readsOfEach.push(reads);
    }
    expect(readsOfEach.at(-1)).toBe(readsOfEach[2]);
  });

  test('is found when hundreds of uploads are called as its numbers would be', async () => {
    const runs = await newTable();
    await claim(runs, copying('talk.mp4'));
    for (let number = 2; number <= 260; number += 1) await claim(runs, copying(`talk-${number}.mp4`));
    const [second, third] = [await nameOf(runs, 'talk.mp4'), await nameOf(runs, 'talk.mp4')];
    expect([second, third]).toEqual(['talk-515', 'talk-516']);
  });

  test('many runs that claim one name at once all get one of their own', async () => {
    const runs = await newTable();
    const named = await Promise.all(Array.from({ length: 12 }, () => claim(runs, copying('talk.mp4'))));
    expect(new Set(named.map(({ resultName }) => resultName)).size).toBe(12);
  });

  test('a process that dies at any write leaves one name, and the run keeps it', async () => {
    for (let write = 1; write <= 2; write += 1)
      for (const when of ['before', 'after'] as const) {
        const runs = await newTable();
        await claim(runs, copying('talk.mp4'));
        const run = copying('talk.mp4');
        await runs.write(...newRunWrites(run));
        const process = crashingPorts({ write, when });
        const { runs: dying } = process.wrap({ runs } as never);
        await claimResultName({ runs: dying, clock, log: silentLog }, run).catch(() => undefined);
        const now = (await readRun(runs, run.id)) as Copying;
        expect((await claimResultName({ runs, clock, log: silentLog }, now))?.resultName).toBe('talk-2');
      }
  });
});

test('no two runs may ever write one key, whatever their inputs are called', async () => {
  const piece = fc.constantFrom('talk', '-2', '-clip-1', '-clip-2', '-3', '.thumbnail', '.manifest', '.project', 'x');
  const key = fc.array(piece, { minLength: 1, maxLength: 4 }).map((pieces) => `${pieces.join('')}.mp4`);
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(key, fc.integer({ min: 1, max: 3 })), { minLength: 2, maxLength: 8 }),
      fc.boolean(),
      async (inputs, atOnce) => {
        const runs = await newTable();
        const named: Copying[] = [];
        const claims = inputs.map(
          ([input, videos]) =>
            () =>
              claim(runs, copying(input, videos)),
        );
        if (atOnce) named.push(...(await Promise.all(claims.map((each) => each()))));
        else for (const each of claims) named.push(await each());
        const keys = named.flatMap(keysOf);
        expect(new Set(keys).size).toBe(keys.length);
      },
    ),
    { numRuns: 60 },
  );
});

test('stems that may belong to one run have one root', () => {
  expect(['talk', 'talk-2', 'talk-clip-1', 'talk-clip-1-clip-2', '-clip-1'].map(rootOf)).toEqual([
    'talk',
    'talk-2',
    'talk',
    'talk',
    '',
  ]);
});

describe("a stage's default", () => {
  test('is stored before its first run: names after the input', async () => {
    const runs = openForTest().table('runs');
    await storeFirstResultNames(runs, 'cut', clock());
    expect((await claim(runs, copying('talk.mp4'))).resultName).toBe('talk');
  });

  test.each([
    ['of the same rule', {}],
    [
      'of another rule, three weeks ago',
      { rule: { ...copying('x').rule, id: 'other' }, createdAt: '2025-12-12T00:00:00.000Z' },
    ],
  ])('is what it was when an older version had a run there %s', async (_, more) => {
    const runs = openForTest().table('runs');
    await runs.write(...newRunWrites(copying('old.mp4', 1, more)));
    await storeFirstResultNames(runs, 'cut', clock());
    expect((await claim(runs, copying('talk.mp4'))).resultName).toBeUndefined();
  });
});
