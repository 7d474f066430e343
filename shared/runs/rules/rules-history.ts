import type { Table } from '../../platform/ports.ts';
import { allItems } from '../../platform/query-all.ts';
import { currentRulesKey } from '../run/run-items.ts';
import { textOf, versionOf } from './rules-items.ts';

export interface RulesVersion {
  /** 0 for the rules deployed with the stage. */
  readonly version: number;
  readonly at: string;
  readonly by?: string;
  /** The differences, in words. */
  readonly summary: string;
  readonly isInForce: boolean;
}

/** Newest first. */
export async function rulesHistory({ runs }: { readonly runs: Table }): Promise<RulesVersion[]> {
  const inForce = versionOf(await runs.get(currentRulesKey));
  const versions: RulesVersion[] = [];
  for await (const item of allItems(runs, { pk: currentRulesKey.pk, prefix: 'VERSION#', descending: true })) {
    const { version, at, by, summary } = item as unknown as RulesVersion;
    versions.push({ version, at, ...(by === undefined ? {} : { by }), summary, isInForce: version === inForce });
  }
  return versions;
}

/** The text of a version as it was applied; undefined for the deployed rules. */
export async function rulesText({ runs }: { readonly runs: Table }, version?: number): Promise<string | undefined> {
  return textOf(runs, version ?? versionOf(await runs.get(currentRulesKey)));
}
