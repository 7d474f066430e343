import { join, relative } from 'node:path';
import { messageOf } from '../../shared/errors.ts';
import { rulesFor } from '../../shared/runs/rules/match-rules.ts';
import { isManifestKey, isSidecarKey } from '../../shared/runs/run/control-files.ts';
import { readRun } from '../../shared/runs/run/move-run.ts';
import type { Run } from '../../shared/runs/run/run.ts';
import { colors } from '../colors.ts';
import type { Arguments } from './arguments.ts';
import { banner } from './banner.ts';
import { watchDropFolder } from './drop-folder.ts';
import { interruption } from './interrupt-signal.ts';
import { openWorld } from './open-world.ts';
import { placedResults } from './results.ts';
import { plainText, shownPath } from './shown-path.ts';
import type { LocalWorld } from './start-local.ts';

/** `npm start`: edits each file that lands in an agent's folder, until Ctrl-C. */
export async function watchUploads(options: Arguments): Promise<number> {
  const moves = moveScreen();
  const world = await openWorld(options, { onMove: moves.note });
  moves.follow(world);
  const uploads = join(options.dataFolder, 'uploads');
  // Before the banner, which tells the user to use them: Ctrl-C and the folders.
  const interrupted = interruption();
  const folder = watchDropFolder(uploads, [...world.agents.keys()], world.uploads, {
    taken: (key) => void whatBecomesOf(world, key).then((text) => say(key, text)),
    failed: (path, error) => say(relative(uploads, path), colors.red(`not taken: ${plainText(messageOf(error))}`)),
  });
  await folder.ready;
  await banner(world, uploads, join(options.dataFolder, 'deliveries'));
  await until(interrupted.signal);
  console.log('\nStopping. What is under way is kept and goes on at the next start.');
  await folder.close();
  await world.stop();
  return 0;
}

/** What no rule takes leaves no run behind, so nothing else would tell of it. */
async function whatBecomesOf(world: LocalWorld, key: string): Promise<string> {
  const rules = await world.rules();
  if (isSidecarKey(key) || isManifestKey(key) || rulesFor(rules, key).length > 0) return 'uploaded';
  const advice =
    rules.version === 0
      ? `Move it into ${eitherOf([...world.agents.keys()].map((name) => `${name}/`))}`
      : 'Ask tessera rules explain KEY';
  return colors.dim(`ignored: no rule takes it. ${advice}.`);
}

const eitherOf = (names: readonly string[]): string =>
  [names.slice(0, -1).join(', '), names.at(-1)].filter((part) => part !== '').join(' or ');

/** Says each move of each run once, in the order in which they were made. */
function moveScreen() {
  let world: LocalWorld | undefined;
  let last = Promise.resolve();
  const said = new Map<string, string>();
  return {
    follow: (opened: LocalWorld) => {
      world = opened;
    },
    note: (runId: string) => {
      last = last.then(() => show(runId)).catch((error: unknown) => console.error(messageOf(error)));
    },
  };

  async function show(runId: string): Promise<void> {
    const run = world && (await readRun(world.runs, runId));
    if (!world || !run) return;
    const files = run.status === 'delivered' ? await placedResults(world.remembered, run.id) : undefined;
    const text = wordsFor(run, files);
    if (text === undefined || said.get(runId) === text) return;
    said.set(runId, text);
    say(`${run.upload.key}${await whichOf(world, run)}`, text);
  }
}

/** Where an upload may have several runs, their rule tells them apart. */
async function whichOf(world: LocalWorld, { rule, input }: Run): Promise<string> {
  const isOneOfMany = rule.of !== undefined || input?.kind === 'renders' || (await world.rules()).match === 'all';
  if (!isOneOfMany) return '';
  const [agent] = [...world.agents].find(([, { agentId }]) => agentId === rule.agentId) ?? [];
  return ` (${rule.of === undefined ? rule.id : `${rule.of}@${agent ?? rule.agentId}`})`;
}

function wordsFor(run: Run, files: readonly string[] | undefined): string | undefined {
  switch (run.status) {
    case 'claimed':
      return run.parked && colors.yellow(plainText(`cannot be read yet: ${run.parked.reason}`));
    case 'gathering':
      return colors.dim(
        plainText(
          run.awaits === undefined
            ? `waiting for the rest of its group (${run.members.length} so far)`
            : `waiting for ${run.awaits}`,
        ),
      );
    case 'restoring':
      return colors.dim('being restored from the archive');
    case 'waiting':
      return run.refusal && colors.dim(plainText(`waiting: ${run.refusal.message}`));
    case 'running':
      return run.progress > 0 ? `editing ${Math.floor(run.progress * 4) * 25} %` : 'editing';
    case 'delivered':
      return (
        files &&
        colors.green(
          `done${run.partial ? ' in part' : ''}: ${files
            .filter((file) => !file.endsWith('.json'))
            .map(shownPath)
            .join(', ')}`,
        )
      );
    case 'ignored':
      return colors.dim(plainText(`ignored: ${run.reason}`));
    case 'failed':
    case 'rejected':
    case 'cancelled':
      return colors.red(plainText(`${run.status}: ${run.reason}`));
    case 'uncertain':
    case 'paused':
      return colors.yellow(plainText(`${run.status}: ${run.reason}`));
    default:
      return undefined;
  }
}

function say(key: string, text: string): void {
  console.log(`${colors.dim(new Date().toTimeString().slice(0, 8))}  ${plainText(key)}  ${text}`);
}

const until = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
