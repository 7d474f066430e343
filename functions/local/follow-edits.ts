import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { InvalidInput } from '../../shared/errors.ts';
import { colors } from '../colors.ts';
import { type Journey, markTold, type Standing, standingOf } from './edit-journeys.ts';
import type { Progress } from './progress.ts';
import { plainText, shownPath } from './shown-path.ts';
import type { LocalWorld } from './start-local.ts';

const lookEveryMs = 120;

/** Looks at every journey until all have ended or the user wants to stop; answers how many failed. */
export async function follow(
  world: LocalWorld,
  journeys: readonly Journey[],
  progress: Progress,
  signal: AbortSignal,
): Promise<number> {
  const names = namesOf(journeys);
  const nameOf = (journey: Journey) => names.get(journey) ?? '';
  let open = journeys;
  let failed = 0;
  while (open.length > 0 && !signal.aborted) {
    const looks = await Promise.all(
      open.map(async (journey) => ({ journey, standing: await standingOf(world, journey) })),
    );
    progress.show(
      looks
        .filter(({ standing }) => !standing.ended)
        .map(({ journey, standing }) => ({
          name: `${nameOf(journey)}${journey.continued ? ' (continued)' : ''}`,
          standing,
        })),
    );
    for (const { journey, standing } of looks) {
      if (!standing.ended) continue;
      for (const line of endOf(nameOf(journey), standing.ended)) progress.say(line);
      await markTold(world, journey);
      if ('reason' in standing.ended || standing.ended.missing.length > 0) failed += 1;
    }
    open = looks.filter(({ standing }) => !standing.ended).map(({ journey }) => journey);
    if (open.length > 0 && world.isDiskFull()) throw diskFull();
    if (open.length > 0) await sleep(lookEveryMs, undefined, { signal }).catch(() => {});
  }
  return failed;
}

/** What a file is called on the screen: its name, or its path when another has the same name. */
function namesOf(journeys: readonly Journey[]): ReadonlyMap<Journey, string> {
  const names = journeys.map(({ path }) => basename(path));
  const isShared = (name: string) => names.indexOf(name) !== names.lastIndexOf(name);
  return new Map(
    journeys.map((journey) => {
      const name = basename(journey.path);
      return [journey, isShared(name) ? shownPath(journey.path) : plainText(name)];
    }),
  );
}

/** What stays on the screen of a journey that has ended. */
function endOf(name: string, ended: NonNullable<Standing['ended']>): string[] {
  if ('files' in ended)
    return [
      ...ended.files.map((file) => `${colors.green('✓')} ${name} → ${colors.bold(shownPath(file))}`),
      ...ended.missing.map((what) => `${colors.yellow('!')} ${name}: ${plainText(what)}`),
    ];
  const reason = plainText(ended.reason);
  return [`${colors.red('✗')} ${reason.startsWith(name) ? reason : `${name}: ${reason}`}`];
}

const diskFull = (): InvalidInput =>
  new InvalidInput(
    'The disk is full. Nothing is lost: make room and type the same command; it goes on where it stopped.',
  );
