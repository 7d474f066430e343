import { type Pauses, readPauses } from '../../shared/runs/capacity/pause.ts';
import type { RuleSet } from '../../shared/runs/run/rule.ts';
import { colors } from '../colors.ts';
import { plainText, shownPath } from './shown-path.ts';
import type { LocalWorld } from './start-local.ts';
import { widthOf } from './text-width.ts';

/** What `npm start` says first: where to drop files, and where the results are. */
export async function banner(world: LocalWorld, uploads: string, deliveries: string): Promise<void> {
  const places = placesOf(await world.rules(), world);
  const width = Math.max(0, ...places.map(({ place }) => widthOf(place)));
  const folders = places.map(
    ({ place, what }) =>
      `    ${colors.bold(`${shownPath(uploads)}/${place}`)}${' '.repeat(width - widthOf(place))}  ${colors.dim(what)}`,
  );
  console.log(
    [
      `${colors.bold('Tessera')}: drop a video, get the edited one back.`,
      '',
      '  Drop files into',
      ...folders,
      ...pausedLines(await readPauses(world)),
      `  Results appear in  ${colors.bold(`${shownPath(deliveries)}/`)}`,
      `  API                ${world.url}  (Mosaic's; key ${world.apiKey})`,
      `  Stop with Ctrl-C.`,
      '',
    ].join('\n'),
  );
}

/** Where files may be dropped, and what becomes of them there: each agent's folder, or what the rules that were applied say. */
function placesOf({ version, rules }: RuleSet, { agents }: LocalWorld): readonly { place: string; what: string }[] {
  if (version === 0)
    return [...agents].map(([name, { description }]) => ({ place: `${name}/`, what: description ?? '' }));
  const byPlace = new Map<string, Set<string>>();
  for (const { id, of, prefix, pattern } of rules) {
    const place = plainText(pattern ?? prefix);
    byPlace.set(place, (byPlace.get(place) ?? new Set()).add(plainText(of ?? id)));
  }
  return [...byPlace].map(([place, ids]) => ({ place, what: `rule ${[...ids].join(', ')}` }));
}

/** A user who starts it again may have forgotten the pause, and would wait in vain. */
export const pausedLines = ({ all, rules }: Pauses): string[] =>
  [
    ...(all === undefined ? [] : [`Everything is paused (${all.reason}): tessera resume`]),
    ...[...rules].map(([id, { reason }]) => `The rule ${id} is paused (${reason}): tessera resume --rule ${id}`),
  ].map((line) => `  ${colors.yellow(plainText(line))}`);
