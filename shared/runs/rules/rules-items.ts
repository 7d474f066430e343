import { Missing } from '../../errors.ts';
import type { Clock, Item, Table } from '../../platform/ports.ts';
import { rulesVersionKey } from '../run/run-items.ts';

export interface RulesDeps {
  readonly runs: Table;
  readonly clock: Clock;
}

/** 0 while nothing was applied: what was deployed with the stage holds. */
export const versionOf = (current: Item | undefined): number => Number(current?.version ?? 0);

export async function versionItem(runs: Table, version: number): Promise<Item> {
  const item = await runs.get(rulesVersionKey(version));
  if (item === undefined)
    throw new Missing(`There is no version ${version} of the rules. The history lists the ones that there are.`);
  return item;
}

/** As it was applied; undefined for what was deployed. */
export async function textOf(runs: Table, version: number): Promise<string | undefined> {
  if (version === 0) return undefined;
  const { text } = await versionItem(runs, version);
  return typeof text === 'string' ? text : undefined;
}
