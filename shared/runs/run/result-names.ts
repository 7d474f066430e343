import type { Table } from '../../platform/ports.ts';
import { dayPk, resultNamesKey, rulePk } from './run-items.ts';

/**
 * How results are named where their rule has no template. `input`: after the input, `talk.mp4`, with a suffix only when
 * the name is taken. `run`: in a folder of the run, `talk/<run id>/<node>-<output id>.mp4`.
 */
export const resultNames = ['input', 'run'] as const;
export type ResultNames = (typeof resultNames)[number];

/** The stage's default. A stage that has stored none keeps the names it had before there was a choice. */
export async function readResultNames(runs: Table): Promise<ResultNames> {
  const item = await runs.get(resultNamesKey);
  return item?.names === 'input' ? 'input' : 'run';
}

/** Changes the default for runs that have no name yet. */
export async function storeResultNames(runs: Table, names: ResultNames): Promise<void> {
  await runs.write({ put: { ...resultNamesKey, type: 'result-names', names } });
}

const stored = new WeakSet<Table>();
const daysBack = 31;

/**
 * Stores the default before a stage's first run: `input` when the stage is new, `run` when an older version has run
 * there. Costs one read in a process, and nothing after that.
 */
export async function storeFirstResultNames(runs: Table, ruleId: string, now: number): Promise<void> {
  if (stored.has(runs)) return;
  if ((await runs.get(resultNamesKey)) === undefined) {
    const names = await expectedResultNames(runs, ruleId, now);
    await runs.write({ put: { ...resultNamesKey, type: 'result-names', names }, if: 'absent' });
  }
  stored.add(runs);
}

/** The stored default, or the one that the next run will store. */
export async function expectedResultNames(runs: Table, ruleId: string, now: number): Promise<ResultNames> {
  if ((await runs.get(resultNamesKey)) !== undefined) return readResultNames(runs);
  return (await hasRuns(runs, ruleId, now)) ? 'run' : 'input';
}

/** Runs of this rule, or any of the last month: a stage with neither is as good as new. */
async function hasRuns(runs: Table, ruleId: string, now: number): Promise<boolean> {
  if ((await runs.query({ pk: rulePk(ruleId), limit: 1 })).items.length > 0) return true;
  for (let day = 0; day < daysBack; day += 1) {
    const date = new Date(now - day * 24 * 3600_000).toISOString().slice(0, 10);
    if ((await runs.query({ pk: dayPk(date), index: true, limit: 1 })).items.length > 0) return true;
  }
  return false;
}
