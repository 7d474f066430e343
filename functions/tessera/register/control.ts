import type { Command } from 'commander';
import type { InWorld } from '../options.ts';

const control = () => import('../commands/control.ts');

export function registerControl(tessera: Command, inWorld: InWorld): void {
  tessera
    .command('pause')
    .description('start nothing until resumed; what is under way goes on')
    .option('--rule <id>', 'only the runs of this rule')
    .option('--reason <text>', 'kept, and shown by the other commands')
    .action(inWorld(async (world, _, options) => (await control()).pauseStarts(world, options)));
  tessera
    .command('resume [run]')
    .description('end a pause and start what waits; or let RUN go on, which is paused for lack of credits')
    .option('--rule <id>', 'only the pause of this rule')
    .action(inWorld(async (world, [runId], options) => (await control()).resume(world, runId, options)));
  tessera
    .command('cancel <run>')
    .description('end a run, and its agent run with it')
    .option('--reason <text>', 'kept on the run')
    .action(inWorld(async (world, [runId = ''], options) => (await control()).cancel(world, runId, options)));
  tessera
    .command('retry <run>')
    .description('another attempt of a run that has ended; it may be paid for once more')
    .option('--never-began', 'you have made sure that its agent run never began (after a start without an answer)')
    .action(inWorld(async (world, [runId = ''], options) => (await control()).retry(world, runId, options)));
}
