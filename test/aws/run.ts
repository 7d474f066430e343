/**
 * `npm run test:aws`: proves the AWS adapters, and whatever else is in this folder, against emulators.
 * Arguments go to vitest. With TESSERA_REQUIRE_EMULATORS=1, an emulator that cannot run is a failure.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { type Emulators, startEmulators } from './emulators.ts';
import { againWithLoopbackOnly } from './loopback-only.ts';
import { installMoto } from './moto.ts';
import { installVersitygw } from './versitygw.ts';

let emulators: Emulators | undefined;
let child: ChildProcess | undefined;
let stopping: NodeJS.Signals | undefined;

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => {
    stopping = signal;
    child?.kill(signal);
  });

process.exitCode = await main();

async function main(): Promise<number> {
  if (process.env.TESSERA_LOOPBACK_ONLY === undefined) {
    // There is no network inside: what is to be installed is installed before.
    await Promise.all([installMoto(), installVersitygw()]);
    child = againWithLoopbackOnly();
    if (child) return codeOf(child);
  }
  try {
    emulators = await startEmulators();
    for (const line of emulators.report) console.log(`AWS adapters, ${line}`);
    if (!emulators.complete && process.env.TESSERA_REQUIRE_EMULATORS === '1') return 1;
    if (emulators.environment.AWS_ENDPOINT_URL_DYNAMODB === undefined) return 0;
    return stopping ? 130 : await vitest(emulators.environment);
  } finally {
    await emulators?.stop();
  }
}

function vitest(environment: Readonly<Record<string, string>>): Promise<number> {
  const program = fileURLToPath(new URL('../../node_modules/vitest/vitest.mjs', import.meta.url));
  const config = fileURLToPath(new URL('vitest.config.ts', import.meta.url));
  child = spawn(process.execPath, [program, 'run', '--config', config, ...process.argv.slice(2)], {
    stdio: 'inherit',
    env: { ...withoutAws(process.env), ...environment },
  });
  return codeOf(child);
}

function withoutAws(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !name.startsWith('AWS_')));
}

async function codeOf(started: ChildProcess): Promise<number> {
  const [code] = await once(started, 'exit');
  return code ?? 130;
}
