import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import colors from 'picocolors';
import { InvalidInput, messageOf } from '../../shared/errors.ts';
import type { LocalWorld } from '../local.ts';
import type { Arguments } from './arguments.ts';
import { beginJourney, type Journey, type Standing, standingOf } from './journeys.ts';
import { openWorld } from './open-world.ts';
import { progressOf } from './progress.ts';
import { shownPath } from './shown-path.ts';
import { checkFile } from './upload.ts';

const lookEveryMs = 120;
/** 128 + SIGINT, as shells count. */
const interruptedCode = 130;

/** `npm start -- FILE…`: these files through the same doors as any upload; 0 when all are delivered. */
export async function editFiles(options: Arguments): Promise<number> {
  const { files, agent, outFolder } = options;
  const refused = await refusals(files);
  const usable = files.filter((path) => !refused.has(path));
  for (const reason of refused.values()) console.error(`${colors.red('✗')} ${reason}`);
  if (usable.length === 0) return 1;

  const world = await openWorld(options, { otherPortIfBusy: true });
  const interrupted = interruption();
  try {
    if (!world.agents.has(agent))
      throw new InvalidInput(`There is no agent named ${agent}. There are: ${[...world.agents.keys()].join(', ')}.`);
    console.log(
      `${colors.bold('Tessera')} edits ${count(usable.length)} with ${colors.bold(agent)}; results go to ${shownPath(outFolder)}\n`,
    );
    const journeys: Journey[] = [];
    for (const path of usable) journeys.push(await beginJourney(world, path, agent, outFolder));
    const ends = await follow(world, journeys, interrupted.signal);
    if (interrupted.signal.aborted) return parked();
    const failed = report(journeys, ends);
    return failed + refused.size === 0 ? 0 : 1;
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

/** Looks at every journey until all have ended or the user wants to stop. */
async function follow(world: LocalWorld, journeys: readonly Journey[], signal: AbortSignal): Promise<Standing[]> {
  const progress = progressOf(
    journeys.map(({ path, continued }) => `${basename(path)}${continued ? ' (continued)' : ''}`),
  );
  try {
    for (;;) {
      const standings = await Promise.all(journeys.map((journey) => standingOf(world, journey)));
      for (const [index, standing] of standings.entries()) progress.show(index, standing);
      if (signal.aborted || standings.every(({ ended }) => ended)) return standings;
      if (world.isDiskFull()) throw diskFull();
      await sleep(lookEveryMs, undefined, { signal }).catch(() => {});
    }
  } finally {
    progress.stop();
  }
}

function report(journeys: readonly Journey[], standings: readonly Standing[]): number {
  console.log('');
  let failed = 0;
  standings.forEach(({ ended }, index) => {
    const name = basename(journeys[index]?.path ?? '');
    if (ended && 'files' in ended)
      for (const file of ended.files) console.log(`${colors.green('✓')} ${name} → ${colors.bold(shownPath(file))}`);
    else {
      failed += 1;
      console.log(`${colors.red('✗')} ${name}: ${ended?.reason ?? 'not finished'}`);
    }
  });
  return failed;
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
  process.on('SIGINT', stop).on('SIGTERM', stop);
  return { signal: controller.signal, forget: () => process.off('SIGINT', stop).off('SIGTERM', stop) };
}

const count = (files: number): string => (files === 1 ? 'one file' : `${files} files`);
