import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { now } from '../clock.ts';
import type { Measured } from './contender.ts';
import type { AwsEnvironment } from './emulator.ts';
import { cacheFolder } from './tools.ts';
import { watchProcess } from './watch-process.ts';

/** One file of Node's own language, as the product's doors are bundled for Lambda. */
export async function bundled(name: string): Promise<string> {
  const outfile = join(cacheFolder, `${name}.mjs`);
  await build({
    entryPoints: [fileURLToPath(new URL(`./${name}.ts`, import.meta.url))],
    ...{ outfile, bundle: true, platform: 'node', target: 'node24', format: 'esm', minify: true, logLevel: 'error' },
    mainFields: ['module', 'main'],
    banner: {
      js: "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);",
    },
  });
  return outfile;
}

export interface Program {
  /** Resolves to the program's last message when it ends well. */
  readonly ended: Promise<Measured & { readonly said: unknown }>;
  kill(): Promise<void>;
}

/** Starts a program and, once it has loaded, hands it its job; timed from then on. */
export async function startProgram(file: string, job: object, environment: AwsEnvironment): Promise<Program> {
  const child = fork(file, {
    execArgv: ['--no-warnings', ...(process.env.TESSERA_BENCH_NODE_OPTIONS?.split(' ') ?? [])],
    env: { PATH: process.env.PATH, ...environment },
  });
  const gone = once(child, 'exit');
  const used = watchProcess(child.pid ?? 0);
  await Promise.race([once(child, 'message'), gone]);
  const begin = now();
  child.send(job);
  return {
    ended: result(child, gone).then(({ said, at }) => ({ said, seconds: (at - begin) / 1000, ...used() })),
    kill: async () => {
      child.kill('SIGKILL');
      await gone;
    },
  };
}

async function result(child: ChildProcess, gone: Promise<unknown[]>): Promise<{ said: unknown; at: number }> {
  let said: unknown;
  let at = now();
  child.on('message', (message) => {
    said = message;
    at = now();
  });
  const [code, signal] = await gone;
  if (code !== 0) throw new Error(`The program ended with ${code ?? signal}.`);
  return { said, at: said === undefined ? now() : at };
}
