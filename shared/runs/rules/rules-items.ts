import { Missing } from '../../errors.ts';
import type { Clock, Item, Table } from '../../platform/ports.ts';
import { rulesVersionKey } from '../run/run-items.ts';

export interface RulesDeps {
  readonly runs: Table;
  readonly clock: Clock;
}

/** 0 until rules are applied: the rules deployed with the stage are in force. */
export const versionOf = (current: Item | undefined): number => Number(current?.version ?? 0);

export async function versionItem(runs: Table, version: number): Promise<Item> {
  const item = await runs.get(rulesVersionKey(version));
  if (item === undefined)
    throw new Missing(`There is no version ${version} of the rules. The history lists the ones that there are.`);
  return item;
}

/** The text as it was applied; undefined for the deployed rules. */
export async function textOf(runs: Table, version: number): Promise<string | undefined> {
  if (version === 0) return undefined;
  const { text } = await versionItem(runs, version);
  return typeof text === 'string' ? text : undefined;
}
