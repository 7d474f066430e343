import {
  expectedResultNames,
  type ResultNames,
  readResultNames,
  storeResultNames,
} from '../../../shared/runs/run/result-names.ts';
import type { Outcome } from '../print/outcome.ts';
import type { World } from '../world/world.ts';

const otherNames: Readonly<Record<ResultNames, ResultNames>> = { input: 'run', run: 'input' };

export const namesSentences: Readonly<Record<ResultNames, string>> = {
  input: 'named after their input: talk.mp4, then talk-2.mp4',
  run: "in a folder named after their run's id",
};

/** `names`: how results are named where their rule has no template. */
export async function showNames(world: World): Promise<Outcome> {
  const names = await currentNames(world);
  return {
    lines: [`Results are ${namesSentences[names]}. To change it: tessera names ${otherNames[names]}`],
    json: { names },
  };
}

/** `names input` and `names run`. A run that has a name keeps it. */
export async function switchNames(world: World, names: ResultNames): Promise<Outcome> {
  const changed = (await currentNames(world)) !== names;
  await storeResultNames(world.runs, names);
  const lines = changed
    ? [`From now on results are ${namesSentences[names]}. Runs that have named their results keep those names.`]
    : [`Results are ${namesSentences[names]} already.`];
  return { lines, json: { names, changed } };
}

/** The stored default, or the one that the next run will store: the names of an older version where one has run. */
export async function currentNames({ runs, rules, clock }: World): Promise<ResultNames> {
  if ((await readResultNames(runs)) === 'input') return 'input';
  const ids = (await rules()).rules.map(({ id }) => id);
  // Without any rule the runs of the last month decide.
  const asked = ids.length === 0 ? ['none'] : ids;
  const expected = await Promise.all(asked.map((id) => expectedResultNames(runs, id, clock())));
  return expected.includes('run') ? 'run' : 'input';
}
