import type { Command } from 'commander';
import { type InWorld, parsePositiveNumber } from '../options.ts';

const backfill = () => import('../commands/backfill-uploads.ts');

export function registerBackfill(tessera: Command, inWorld: InWorld): void {
  tessera
    .command('backfill <prefix>')
    .description('take what lies in the uploads already, below PREFIX ("" for all); goes on where it was stopped')
    .option('--again', 'from the beginning, also when it was done before; nothing is edited twice')
    .option('--limit <n>', 'at most so many objects this time', parsePositiveNumber)
    .action(
      inWorld(async (world, [prefix = ''], options) => (await backfill()).backfillPrefix(world, prefix, options)),
    );
}
