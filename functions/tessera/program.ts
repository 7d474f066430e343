import { createRequire } from 'node:module';
import { isAbsolute, resolve } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { plainText } from '../local/shown-path.ts';
import { wrapped } from '../local/wrap-text.ts';
import { columnsHere } from './print/layout.ts';
import { moment } from './print/local-time.ts';
import { type Outcome, type Print, printed } from './print/outcome.ts';
import { openWorld } from './world/open-world.ts';
import type { World, WorldOptions } from './world/world.ts';

// Each command loads what it needs when it is typed: to list runs, nothing has to know what a video is made of.
const applyRules = () => import('./commands/rules-apply.ts');
const backfill = () => import('./commands/backfill-uploads.ts');
const doctoring = () => import('./doctor/doctor.ts');
const control = () => import('./commands/control.ts');
const events = () => import('./commands/events.ts');
const explain = () => import('./commands/rules-explain.ts');
const listRuns = () => import('./commands/runs.ts');
const redriving = () => import('./commands/redrive.ts');
const rulesVersions = () => import('./commands/rules-versions.ts');
const showRun = () => import('./commands/show.ts');
const watching = () => import('./commands/watch.ts');

/** The `tessera` command; `exit` is told its exit code. */
export function program(print: Print, exit: (code: number) => void): Command {
  const tessera = new Command('tessera')
    .configureOutput({ writeOut: saying(print.out), writeErr: saying(print.err) })
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

  /** What a command does once its world is open; one that prints by itself answers its exit code. */
  const does = (work: (world: World, words: readonly string[], options: Options) => Promise<Outcome | number>) =>
    async function (this: Command): Promise<void> {
      const options = this.optsWithGlobals<Options>();
      chooseAccount(options);
      const world = await openWorld(placeOf(options));
      try {
        const outcome = await work(world, this.args, options);
        exit(typeof outcome === 'number' ? outcome : printed(print, outcome, options.json === true));
      } finally {
        world.close();
      }
    };

  const rules = tessera.command('rules').description('which uploads go to which agents');
  rules
    .command('apply <file>')
    .description('check the rules in FILE and let them hold from now on, without a deploy')
    .option('--dry-run', 'only say what would happen')
    .option('--based-on <version>', 'refuse when another version than this holds by now', wholeNumber)
    .action(
      does(async (world, [file = ''], { dryRun, basedOn }) =>
        (await applyRules()).appliedRules(world, absolute(file), { dryRun, basedOn }),
      ),
    );
  rules
    .command('check <file>')
    .description('say what is wrong with the rules in FILE')
    .action(does(async (world, [file = '']) => (await applyRules()).checkedRules(world, absolute(file))));
  rules
    .command('explain <key>')
    .description('say what would happen to an upload of this key, and why; nothing is done')
    .action(does(async (world, [key = '']) => (await explain()).explainedKey(world, key)));
  rules
    .command('history')
    .description('the versions of the rules')
    .action(does(async (world) => (await rulesVersions()).rulesVersions(world)));
  rules
    .command('show')
    .argument('[version]', 'a number of the history', wholeNumber)
    .description('the rules that hold, or those of a version, as they were written')
    .action(does(async (world, [version]) => (await rulesVersions()).rulesShown(world, numberOf(version))));
  rules
    .command('rollback')
    .argument('<version>', 'a number of the history', wholeNumber)
    .description('let the rules of an earlier version hold again, as a new version')
    .action(does(async (world, [version]) => (await rulesVersions()).rolledBackRules(world, Number(version))));

  tessera
    .command('pause')
    .description('start nothing until resumed; what is under way goes on')
    .option('--rule <id>', 'only the runs of this rule')
    .option('--reason <text>', 'kept, and shown to whoever looks')
    .action(does(async (world, _, options) => (await control()).pauseStarts(world, options)));
  tessera
    .command('resume [run]')
    .description('end a pause and start what waits; or let RUN go on, which is paused for lack of credits')
    .option('--rule <id>', 'only the pause of this rule')
    .action(does(async (world, [runId], options) => (await control()).resume(world, runId, options)));
  tessera
    .command('cancel <run>')
    .description('end a run, and its agent run with it')
    .option('--reason <text>', 'kept on the run')
    .action(does(async (world, [runId = ''], options) => (await control()).cancel(world, runId, options)));
  tessera
    .command('retry <run>')
    .description('another attempt of a run that has ended; it may be paid for once more')
    .option('--never-began', 'you have made sure that its agent run never began (after a start without an answer)')
    .action(does(async (world, [runId = ''], options) => (await control()).retry(world, runId, options)));
  tessera
    .command('redrive [queues...]')
    .description('have dead letters tried again, of all QUEUES or those named; or RUN: deliver it again, unpaid')
    .option('--dry-run', 'only show what lies there: queue, age, run, object')
    .action(does(async (world, words, options) => (await redriving()).redrive(world, words, options)));
  tessera
    .command('backfill <prefix>')
    .description('take what lies in the uploads already, below PREFIX ("" for all); goes on where it was stopped')
    .option('--again', 'from the beginning, also when it was done before; nothing is edited twice')
    .option('--limit <n>', 'at most so many objects this time', positive)
    .action(does(async (world, [prefix = ''], options) => (await backfill()).backfillPrefix(world, prefix, options)));

  tessera
    .command('runs')
    .description('the runs, newest first')
    .option('--status <status>', 'only those in this state, such as running or failed')
    .option('--rule <id>', 'only those of this rule')
    .option('--key <key>', 'only those that took or delivered this object')
    .option('--since <time>', 'only those begun since: 2026-05-01, 2026-05-01T10:00, or 90m, 2h, 3d ago', moment)
    .option('--until <time>', 'only those begun before', moment)
    .option('--open', 'only those that have not ended')
    .option('--limit <n>', 'at most so many', positive, 50)
    .option('--after <run>', 'go on behind this run, the last of the page before')
    .action(does(async (world, _, options) => (await listRuns()).listedRuns(world, options)));
  tessera
    .command('show <run-or-key>')
    .description('one run whole: where it is, what comes next, what happened; a key shows its newest run')
    .action(does(async (world, [idOrKey = '']) => (await showRun()).shownRun(world, idOrKey)));
  tessera
    .command('watch [run-or-key]')
    .description('where the open runs are, live, until Ctrl-C; a run or key: until that has ended')
    .option('--rule <id>', 'only those of this rule')
    .option('--until-done', 'end when none is open; the exit code tells whether all ended well')
    .action(
      does(async (world, [runOrKey], options) => (await watching()).watch(world, { ...options, runOrKey }, print)),
    );
  tessera
    .command('events [run]')
    .description('what was told of the runs, newest last, or of RUN (of a folder)')
    .option('--limit <n>', 'at most so many, the newest', positive, 50)
    .action(does(async (world, [runId], options) => (await events()).toldEvents(world, runId, options)));
  tessera
    .command('doctor')
    .description('what is missing here, each with its cure; ends with 1 where something must be mended')
    .option('--show-secrets', 'print the secret that signs our webhooks (of a folder)')
    .action(async function (this: Command): Promise<void> {
      const options = this.optsWithGlobals<Options>();
      chooseAccount(options);
      const found = await (await doctoring()).doctor({ ...placeOf(options), showSecrets: options.showSecrets });
      exit(printed(print, found, options.json === true));
    });
  return tessera;
}

const placeOf = ({ stage, data }: Options): WorldOptions => ({ stage, dataFolder: absolute(data) });

export interface Options {
  readonly data: string;
  readonly stage?: string;
  readonly region?: string;
  readonly profile?: string;
  readonly json?: boolean;
  readonly dryRun?: boolean;
  readonly basedOn?: number;
  readonly rule?: string;
  readonly reason?: string;
  readonly neverBegan?: boolean;
  readonly again?: boolean;
  readonly limit?: number;
  readonly status?: string;
  readonly key?: string;
  /** ISO times. */
  readonly since?: string;
  readonly until?: string;
  readonly open?: boolean;
  readonly after?: string;
  readonly untilDone?: boolean;
  readonly showSecrets?: boolean;
}

const exitCodes = `
Without --stage it works on the folder of npm start (--data), whether that runs
or not. Exit codes: 0 done; 1 refused or failed, and why is said; 2 the command
was not understood; 130 interrupted before watch --until-done was done.`;

/** Found by name, because the compiled command lies deeper in the package than its source. */
const version = (): string => createRequire(import.meta.url)('tessera-video/package.json').version;

/** Commander lays its help out itself, but not its complaints. */
const saying = (line: (text: string) => void) => (text: string) => {
  for (const each of text.replace(/\n$/, '').split('\n')) {
    const fits = /^\s/.test(each) || each.startsWith('Usage:');
    for (const piece of fits ? [each] : wrapped(plainText(each), columnsHere() - 1)) line(piece);
  }
};

/** From the folder in which the user typed the command, not from where npm runs the script. */
const absolute = (path: string): string =>
  isAbsolute(path) ? path : resolve(process.env.INIT_CWD ?? process.cwd(), path);

/** The SDK's own variables, so that every client of this process agrees. */
function chooseAccount({ region, profile }: Options): void {
  if (region !== undefined) process.env.AWS_REGION = region;
  if (profile !== undefined) process.env.AWS_PROFILE = profile;
}

const numberOf = (word: string | undefined): number | undefined => (word === undefined ? undefined : Number(word));

function wholeNumber(text: string): number {
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < 0 || text.trim() === '')
    throw new InvalidArgumentError('A whole number is needed.');
  return number;
}

function positive(text: string): number {
  const number = wholeNumber(text);
  if (number === 0) throw new InvalidArgumentError('A whole number from 1 is needed.');
  return number;
}
