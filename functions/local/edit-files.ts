import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import colors from 'picocolors';
import { InvalidInput, messageOf } from '../../shared/errors.ts';
import type { LocalWorld } from '../local.ts';
import type { Arguments } from './arguments.ts';
import { beginJourney, type Journey, type Standing, standingOf } from './journeys.ts';
import { makeFolder } from './make-folder.ts';
import { openWorld } from './open-world.ts';
import { type Progress, progressOf } from './progress.ts';
import { plainText, shownPath } from './shown-path.ts';
import { checkFile } from './upload.ts';

const lookEveryMs = 120;
/** 128 + SIGINT, as shells count. */
const interruptedCode = 130;

/** `npm start -- FILE…`: these files through the same doors as any upload; 0 when all are delivered. */
export async function editFiles(options: Arguments): Promise<number> {
  const { agent, outFolder } = options;
  const files = [...new Set(options.files)];
  const refused = await refusals(files);
  const usable = files.filter((path) => !refused.has(path));
  for (const reason of refused.values()) sayRefused(reason);
  if (usable.length === 0) return 1;

  const world = await openWorld(options, { otherPortIfBusy: true });
  const interrupted = interruption();
  try {
    if (!world.agents.has(agent))
      throw new InvalidInput(`There is no agent named "${agent}". There are: ${[...world.agents.keys()].join(', ')}.`);
    makeFolder(outFolder, '--out');
    console.log(
      `${colors.bold('Tessera')} edits ${count(usable.length)} with ${colors.bold(agent)}; results go to ${shownPath(outFolder)}\n`,
    );
    const journeys = await beginAll(world, usable, options);
    const progress = progressOf(process.stdout.isTTY && process.env.TERM !== 'dumb' && !options.verbose);
    const failed = await follow(world, journeys, progress, interrupted.signal).finally(() => progress.stop());
    if (interrupted.signal.aborted) return parked();
    return failed === 0 && journeys.length === files.length ? 0 : 1;
  } finally {
    interrupted.forget();
    await world.stop();
  }
}

async function refusals(files: readonly string[]): Promise<Map<string, string>> {
  const checked = await Promise.all(
    files.map((path) =>
      checkFile(path).then(
        () => undefined,
        (error: unknown) => [path, messageOf(error)] as const,
      ),
    ),
  );
  return new Map(checked.filter((entry) => entry !== undefined));
}

const sayRefused = (reason: string): void => console.error(`${colors.red('✗')} ${plainText(reason)}`);

/** A file that has gone or been emptied since it was looked at holds up no other. */
async function beginAll(world: LocalWorld, paths: readonly string[], options: Arguments): Promise<Journey[]> {
  const journeys: Journey[] = [];
  for (const path of paths)
    try {
      journeys.push(await beginJourney(world, path, options.agent, options.outFolder));
    } catch (error) {
      const isGone = error instanceof InvalidInput || (error as NodeJS.ErrnoException).code === 'ENOENT';
      if (!isGone) throw error;
      sayRefused(error instanceof InvalidInput ? error.message : `${shownPath(path)} is no longer there.`);
    }
  return journeys;
}

/** Looks at every journey until all have ended or the user wants to stop; answers how many failed. */
async function follow(
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
      for (const line of endOf(nameOf(journey), standing)) progress.say(line);
      if (standing.ended && 'reason' in standing.ended) failed += 1;
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
function endOf(name: string, { ended }: Standing): string[] {
  if (!ended) return [];
  if ('files' in ended)
    return ended.files.map((file) => `${colors.green('✓')} ${name} → ${colors.bold(shownPath(file))}`);
  const reason = plainText(ended.reason);
  return [`${colors.red('✗')} ${reason.startsWith(name) ? reason : `${name}: ${reason}`}`];
}

const diskFull = (): InvalidInput =>
  new InvalidInput(
    'The disk is full. Nothing is lost: make room and type the same command; it goes on where it stopped.',
  );

function parked(): number {
  console.log('\nStopped. What was under way is kept; the same command goes on with it.');
  return interruptedCode;
}

function interruption(): { signal: AbortSignal; forget(): void } {
  const controller = new AbortController();
  const stop = () => {
    if (controller.signal.aborted) process.exit(interruptedCode);
    controller.abort();
  };
  // SIGHUP: the terminal was closed.
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, stop);
  return {
    signal: controller.signal,
    forget: () => {
      for (const signal of signals) process.off(signal, stop);
    },
  };
}

const count = (files: number): string => (files === 1 ? 'one file' : `${files} files`);
