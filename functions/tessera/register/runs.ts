import type { Command } from 'commander';
import { type InWorld, parsePositiveNumber } from '../options.ts';
import { parseTime } from '../print/local-time.ts';

const runs = () => import('../commands/runs.ts');

export function registerRuns(tessera: Command, inWorld: InWorld): void {
  tessera
    .command('runs')
    .description('the runs, newest first')
    .option('--status <status>', 'only those in this state, such as running or failed')
    .option('--rule <id>', 'only those of this rule')
    .option('--key <key>', 'only those that took or delivered this object')
    .option('--since <time>', 'only those begun since: 2026-05-01, 2026-05-01T10:00, or 90m, 2h, 3d ago', parseTime)
    .option('--until <time>', 'only those begun before', parseTime)
    .option('--open', 'only those that have not ended')
    .option('--limit <n>', 'at most so many', parsePositiveNumber, 50)
    .option('--after <run>', 'go on behind this run, the last of the page before')
    .action(inWorld(async (world, _, options) => (await runs()).showRuns(world, options)));
}
