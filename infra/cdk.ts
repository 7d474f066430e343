import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const defaultOptions: Record<string, string[]> = {
  synth: ['--quiet'],
  diff: ['--all'],
  deploy: ['--all'],
  destroy: ['--all'],
};

/** `node infra/cdk.ts <command> [stage] [options for the CDK]`: runs the pinned CDK on the stage's stacks. */
async function main([command = '', ...words]: readonly string[]): Promise<number> {
  const commands = ['bootstrap', 'synth', 'diff', 'deploy', 'destroy'];
  if (!commands.includes(command)) throw new Error(`"${command}" is not one of ${commands.join(', ')}.`);
  const hasStage = words[0] !== undefined && !words[0].startsWith('-');
  const stage = hasStage ? words[0] : undefined;
  // These commands change or remove a product in use, so they have no default stage.
  if (stage === undefined && ['diff', 'deploy', 'destroy'].includes(command)) {
    throw new Error(`Say which stage to ${command}: npm run ${command} -- <stage>`);
  }
  const givenOptions = words.slice(hasStage ? 1 : 0);
  const code = await runCdk([
    command,
    ...(defaultOptions[command] ?? []),
    ...(stage === undefined ? [] : ['--context', `stage=${stage}`]),
    ...givenOptions,
  ]);
  if (command === 'deploy' && stage !== undefined && code === 0) await listenToUploads(stage, givenOptions);
  return code;
}

/** Switches on the events of an existing uploads bucket. The stacks cannot do that: the bucket is not in them. */
async function listenToUploads(stage: string, givenOptions: readonly string[]): Promise<void> {
  if (givenOptions.includes('--no-execute')) return;
  const profile = /--profile[= ](\S+)/.exec(givenOptions.join(' '))?.[1];
  if (profile !== undefined) process.env.AWS_PROFILE = profile;
  // Imported here because it loads the AWS SDK, which no other command needs.
  const { switchStageOn } = await import('./switch-events-on.ts');
  await switchStageOn(stage);
}

async function runCdk(args: readonly string[]): Promise<number> {
  const manifest = createRequire(import.meta.url).resolve('aws-cdk/package.json');
  const child = spawn(process.execPath, [join(manifest, '../bin/cdk'), ...args], {
    stdio: 'inherit',
    env: { ...process.env, CDK_DISABLE_VERSION_CHECK: '1' },
  });
  const [code] = await once(child, 'exit');
  return typeof code === 'number' ? code : 1;
}

await main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  },
);
