import type { Command } from 'commander';
import type { InWorld } from '../options.ts';

const redrive = () => import('../commands/redrive.ts');

export function registerRedrive(tessera: Command, inWorld: InWorld): void {
  tessera
    .command('redrive [queues...]')
    .description('have dead letters tried again, of all QUEUES or those named; or RUN: deliver it again, unpaid')
    .option('--dry-run', 'only show what lies there: queue, age, run, object')
    .action(inWorld(async (world, words, options) => (await redrive()).redrive(world, words, options)));
}
