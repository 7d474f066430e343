import { createRequire } from 'node:module';
import { Command } from 'commander';
import { plainText } from '../local/shown-path.ts';
import { wrapped } from '../local/wrap-text.ts';
import { chooseAccount, type InWorld, type Options, type WithoutWorld, worldOptionsOf } from './options.ts';
import { columnsHere } from './print/layout.ts';
import { type Print, printOutcome } from './print/outcome.ts';
import { registerBackfill } from './register/backfill.ts';
import { registerControl } from './register/control.ts';
import { registerDoctor } from './register/doctor.ts';
import { registerEvents } from './register/events.ts';
import { registerNames } from './register/names.ts';
import { registerRedrive } from './register/redrive.ts';
import { registerRules } from './register/rules.ts';
import { registerRuns } from './register/runs.ts';
import { registerShow } from './register/show.ts';
import { registerWatch } from './register/watch.ts';
import { openWorld } from './world/open-world.ts';

/**
 * Builds the `tessera` command; `exit` receives the exit code. A command loads its own code when it runs, so that the
 * help and small commands start fast.
 */
export function program(print: Print, exit: (code: number) => void): Command {
  const tessera = new Command('tessera')
    .configureOutput({ writeOut: printLines(print.out), writeErr: printLines(print.err) })
    .description('Rules, runs and control of a Tessera: in a folder on this machine, or of a stage in AWS.')
    .version(version(), '--version', 'the version of this Tessera')
    .option('--data <dir>', 'the folder in which npm start keeps its state', '.tessera')
    .option('--stage <name>', 'a deployed stage in AWS instead')
    .option('--region <name>', 'its AWS region (else as the AWS SDK finds it)')
    .option('--profile <name>', 'the AWS profile to use')
    .option('--json', 'print JSON')
    .addHelpText('after', exitCodes)
    .configureHelp({ showGlobalOptions: true })
    .exitOverride()
    .showHelpAfterError('(tessera --help, or tessera COMMAND --help, says how)');

  const inWorld = actionInWorld(print, exit);
  registerRules(tessera, inWorld);
  registerNames(tessera, inWorld);
  registerControl(tessera, inWorld);
  registerRedrive(tessera, inWorld);
  registerBackfill(tessera, inWorld);
  registerRuns(tessera, inWorld);
  registerShow(tessera, inWorld);
  registerWatch(tessera, inWorld, print);
  registerEvents(tessera, inWorld);
  registerDoctor(tessera, actionWithoutWorld(print, exit));
  return tessera;
}

const actionInWorld = (print: Print, exit: (code: number) => void): InWorld =>
  function inWorld(work) {
    return async function action(this: Command): Promise<void> {
      const options = this.optsWithGlobals<Options>();
      chooseAccount(options);
      const world = await openWorld(worldOptionsOf(options));
      try {
        const outcome = await work(world, this.args, options);
        exit(typeof outcome === 'number' ? outcome : printOutcome(print, outcome, options.json === true));
      } finally {
        world.close();
      }
    };
  };

const actionWithoutWorld = (print: Print, exit: (code: number) => void): WithoutWorld =>
  function withoutWorld(work) {
    return async function action(this: Command): Promise<void> {
      const options = this.optsWithGlobals<Options>();
      chooseAccount(options);
      exit(printOutcome(print, await work(options), options.json === true));
    };
  };

const exitCodes = `
Without --stage it works on the folder of npm start (--data), whether that runs
or not. Exit codes: 0 done; 1 refused or failed, and why is said; 2 the command
was not understood; 130 interrupted before watch --until-done was done.`;

/** Found by name, because the compiled command lies deeper in the package than its source. */
const version = (): string => createRequire(import.meta.url)('tessera-video/package.json').version;

/** Wraps commander's error messages; commander lays out its help by itself. */
const printLines = (print: (line: string) => void) => (text: string) => {
  for (const line of text.replace(/\n$/, '').split('\n')) {
    const isLaidOut = /^\s/.test(line) || line.startsWith('Usage:');
    for (const piece of isLaidOut ? [line] : wrapped(plainText(line), columnsHere() - 1)) print(piece);
  }
};
