import { Argument, type Command } from 'commander';
import type { ResultNames } from '../../../shared/runs/run/result-names.ts';
import type { InWorld } from '../options.ts';

const names = () => import('../commands/names.ts');
const choices: readonly ResultNames[] = ['input', 'run'];

export function registerNames(tessera: Command, inWorld: InWorld): void {
  tessera
    .command('names')
    .addArgument(new Argument('[names]', 'after their input, or in a folder of their run').choices(choices))
    .description('how results are named where their rule has no template; or change it for runs without a name yet')
    .action(
      inWorld(async (world, [wanted]) => {
        const { showNames, switchNames } = await names();
        return wanted === undefined ? showNames(world) : switchNames(world, wanted as ResultNames);
      }),
    );
}
