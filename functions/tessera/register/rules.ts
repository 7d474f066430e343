import type { Command } from 'commander';
import { absolutePath, type InWorld, parseWholeNumber } from '../options.ts';

const rulesApply = () => import('../commands/rules-apply.ts');
const rulesExplain = () => import('../commands/rules-explain.ts');
const rulesVersions = () => import('../commands/rules-versions.ts');

export function registerRules(tessera: Command, inWorld: InWorld): void {
  const rules = tessera.command('rules').description('which uploads go to which agents');
  registerRulesFile(rules, inWorld);
  registerRulesVersions(rules, inWorld);
}

function registerRulesFile(rules: Command, inWorld: InWorld): void {
  rules
    .command('apply <file>')
    .description('check the rules in FILE and let them hold from now on, without a deploy')
    .option('--dry-run', 'only say what would happen')
    .option('--based-on <version>', 'refuse when another version than this holds by now', parseWholeNumber)
    .action(
      inWorld(async (world, [file = ''], { dryRun, basedOn }) =>
        (await rulesApply()).applyRulesFile(world, absolutePath(file), { dryRun, basedOn }),
      ),
    );
  rules
    .command('check <file>')
    .description('say what is wrong with the rules in FILE')
    .action(inWorld(async (world, [file = '']) => (await rulesApply()).checkRulesFile(world, absolutePath(file))));
  rules
    .command('explain <key>')
    .description('say what would happen to an upload of this key, and why; nothing is done')
    .action(inWorld(async (world, [key = '']) => (await rulesExplain()).explainUpload(world, key)));
}

function registerRulesVersions(rules: Command, inWorld: InWorld): void {
  rules
    .command('history')
    .description('the versions of the rules')
    .action(inWorld(async (world) => (await rulesVersions()).rulesVersions(world)));
  rules
    .command('show')
    .argument('[version]', 'a number of the history', parseWholeNumber)
    .description('the rules that hold, or those of a version, as they were written')
    .action(
      inWorld(async (world, [version]) =>
        (await rulesVersions()).showRules(world, version === undefined ? undefined : Number(version)),
      ),
    );
  rules
    .command('rollback')
    .argument('<version>', 'a number of the history', parseWholeNumber)
    .description('let the rules of an earlier version hold again, as a new version')
    .action(inWorld(async (world, [version]) => (await rulesVersions()).rollBack(world, Number(version))));
}
