import type { Command } from 'commander';
import type { InWorld } from '../options.ts';
import type { Print } from '../print/outcome.ts';

const watch = () => import('../commands/watch.ts');

export function registerWatch(tessera: Command, inWorld: InWorld, print: Print): void {
  tessera
    .command('watch [run-or-key]')
    .description('where the open runs are, live, until Ctrl-C; a run or key: until that has ended')
    .option('--rule <id>', 'only those of this rule')
    .option('--until-done', 'end when none is open; the exit code tells whether all ended well')
    .action(
      inWorld(async (world, [runOrKey], options) => (await watch()).watch(world, { ...options, runOrKey }, print)),
    );
}
