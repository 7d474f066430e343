import type { Command } from 'commander';
import type { InWorld } from '../options.ts';

const show = () => import('../commands/show.ts');

export function registerShow(tessera: Command, inWorld: InWorld): void {
  tessera
    .command('show <run-or-key>')
    .description('one run whole: where it is, what comes next, what happened; a key shows its newest run')
    .action(inWorld(async (world, [idOrKey = '']) => (await show()).showRun(world, idOrKey)));
}
