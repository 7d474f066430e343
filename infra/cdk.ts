import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { build } from './build.ts';

const options: Record<string, string[]> = {
  synth: ['--quiet'],
  diff: ['--all'],
  deploy: ['--all'],
  destroy: ['--all'],
};

/** `node infra/cdk.ts <command> [stage] [options of the CDK's own]`: builds, then runs the pinned CDK. */
async function main([command = '', ...rest]: readonly string[]): Promise<number> {
  const known = ['bootstrap', 'synth', 'diff', 'deploy', 'destroy'];
  if (!known.includes(command)) throw new Error(`"${command}" is not one of ${known.join(', ')}.`);
  const named = rest[0] !== undefined && !rest[0].startsWith('-');
  const stage = named ? rest[0] : undefined;
  // These change or remove what people rely on, so they take no stage for granted.
  if (stage === undefined && ['diff', 'deploy', 'destroy'].includes(command)) {
    throw new Error(`Say which stage to ${command}: npm run ${command} -- <stage>`);
  }
  await build();
  const own = rest.slice(named ? 1 : 0);
  const code = await runCdk([
    command,
    ...(options[command] ?? []),
    ...(stage === undefined ? [] : ['--context', `stage=${stage}`]),
    ...own,
  ]);
  if (command === 'deploy' && stage !== undefined && code === 0) await listenToUploads(stage, own);
  return code;
}

/** An existing bucket is no part of the stacks, so it is told to send its events once they are there to be sent to. */
async function listenToUploads(stage: string, own: readonly string[]): Promise<void> {
  if (own.includes('--no-execute')) return;
  const profile = /--profile[= ](\S+)/.exec(own.join(' '))?.[1];
  if (profile !== undefined) process.env.AWS_PROFILE = profile;
  // Loads the AWS SDK, which no other command needs.
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
