import { InvalidInput, messageOf } from '../../shared/errors.ts';
import { readPauses } from '../../shared/runs/capacity/pause.ts';
import { rulesFor } from '../../shared/runs/rules/match-rules.ts';
import { colors } from '../colors.ts';
import type { Arguments } from './arguments.ts';
import { pausedLines } from './banner.ts';
import { beginJourney, type Journey, keyOf } from './edit-journeys.ts';
import { follow } from './follow-edits.ts';
import { interruptedCode, interruption } from './interrupt-signal.ts';
import { makeFolder } from './make-folder.ts';
import { openWorld } from './open-world.ts';
import { progressOf } from './progress.ts';
import { checkFile } from './put-upload.ts';
import { plainText, shownPath } from './shown-path.ts';
import type { LocalWorld } from './start-local.ts';

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
    await assertTaken(world, options, usable);
    makeFolder(outFolder, '--out');
    console.log(
      `${colors.bold('Tessera')} edits ${count(usable.length)} with ${colors.bold(agent)}; results go to ${shownPath(outFolder)}\n`,
    );
    const paused = pausedLines(await readPauses(world));
    if (paused.length > 0) console.log(`${paused.join('\n')}\n`);
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

/** Rules that were applied to this folder may know nothing of the agents' folders: then nothing would come of it. */
async function assertTaken(
  world: LocalWorld,
  { agent, dataFolder }: Arguments,
  paths: readonly string[],
): Promise<void> {
  const rules = await world.rules();
  const passedOver = paths.find((path) => rulesFor(rules, keyOf(agent, path)).length === 0);
  if (passedOver === undefined) return;
  throw new InvalidInput(
    `The rules that were applied to ${shownPath(dataFolder)} take no ${keyOf(agent, passedOver)}. Add a rule for ${agent}/ ` +
      '(tessera rules apply), or use another folder with --data DIR.',
  );
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

function parked(): number {
  console.log('\nStopped. What was under way is kept; the same command goes on with it.');
  return interruptedCode;
}

const count = (files: number): string => (files === 1 ? 'one file' : `${files} files`);
