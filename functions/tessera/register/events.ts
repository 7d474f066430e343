import type { Command } from 'commander';
import { type InWorld, parsePositiveNumber } from '../options.ts';

const events = () => import('../commands/events.ts');

export function registerEvents(tessera: Command, inWorld: InWorld): void {
  tessera
    .command('events [run]')
    .description('the events of all runs, newest last, or those of RUN (only of a folder)')
    .option('--limit <n>', 'at most so many, the newest', parsePositiveNumber, 50)
    .action(inWorld(async (world, [runId], options) => (await events()).showEvents(world, runId, options)));
}
