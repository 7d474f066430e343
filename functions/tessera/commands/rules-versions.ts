import { rollbackRules } from '../../../shared/runs/rules/apply-rules.ts';
import { rulesHistory, rulesText } from '../../../shared/runs/rules/rules-history.ts';
import { localTime, table } from '../print/layout.ts';
import type { Outcome } from '../print/outcome.ts';
import type { World } from '../world/world.ts';
import { whoIAm } from './rules-apply.ts';

/** `rules history`: newest first, and last what was there before anything was applied. */
export async function rulesVersions(world: World): Promise<Outcome> {
  const versions = await rulesHistory(world);
  const initial = { version: 0, at: undefined, by: undefined, summary: initialSummary(world) };
  const all = [...versions, { ...initial, isInForce: !versions.some(({ isInForce }) => isInForce) }];
  const rows = all.map(({ version, at, by, summary, isInForce }) => [
    `${isInForce ? '*' : ' '} ${version}`,
    at === undefined ? '' : localTime(at),
    by ?? '',
    summary,
  ]);
  return { lines: table(['  version', 'applied', 'by', '* holds now'], rows, { tooLong: 'wrap' }), json: all };
}

const initialSummary = ({ isStage }: World): string =>
  isStage ? 'as deployed with the stage' : 'a folder for each agent';

/** `rules show`: the text as it was applied, fit to be edited and applied again. */
export async function showRules(world: World, asked: number | undefined): Promise<Outcome> {
  const version = asked ?? (await world.rules()).version;
  const text = await rulesText(world, version);
  const shown = text?.replace(/\n$/, '') ?? JSON.stringify(await world.initialRules(), null, 2);
  return { lines: [shown], json: { version, document: JSON.parse(shown) } };
}

export async function rollBack(world: World, wanted: number): Promise<Outcome> {
  const before = (await world.rules()).version;
  const { version } = await rollbackRules(world, wanted, { by: whoIAm(), places: world.places });
  const json = { version, same: wanted, changed: version !== before };
  if (wanted === version) return { lines: [`Version ${wanted} holds already.`], json };
  if (version === before)
    return { lines: [`The rules of version ${wanted} hold already, as version ${version}.`], json };
  return { lines: [`Version ${version} holds now, with the rules of version ${wanted}.`], json };
}
