import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { now } from '../clock.ts';
import { atExit } from './at-exit.ts';
import type { AwsEnvironment } from './emulator.ts';
import { type Used, watchProcess } from './watch-process.ts';

/** What is to be copied: `bytes` each, from these links to these keys. */
export interface CopyJob {
  readonly bytes: number;
  readonly objects: readonly { readonly link: string; readonly key: string }[];
}

/** What it took, and what its program used, or all of its programs together. */
export interface Measured extends Used {
  readonly seconds: number;
}

export interface Contender {
  readonly name: string;
  /** How it was called, as far as that decides its speed. */
  readonly options: string;
  /** Why it does not take part. */
  readonly skipped?: string;
  copy(job: CopyJob): Promise<Measured>;
}

const longestMs = 15 * 60_000;

/** Runs a command to its end, timed from its start; throws what it said when it fails or takes far too long. */
export async function measureCommand(
  [program, ...options]: readonly [string, ...string[]],
  environment: AwsEnvironment,
): Promise<Measured> {
  const begin = now();
  const child = spawn(program, options, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...environment },
    // A group of its own: what takes too long is ended with all that it started.
    detached: true,
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      said = (said + chunk).slice(-2000);
    });
  const used = watchProcess(child.pid ?? 0);
  const code = await ended(child);
  const seconds = (now() - begin) / 1000;
  const resources = used();
  if (code !== 0) throw new Error(`${program} ended with ${code}: ${said}`);
  return { seconds, ...resources };
}

async function ended(child: ChildProcess): Promise<number | null> {
  const end = () => child.pid !== undefined && child.exitCode === null && process.kill(-child.pid, 'SIGKILL');
  const late = setTimeout(end, longestMs);
  const stay = atExit(end);
  try {
    const [code] = await once(child, 'close');
    return code;
  } finally {
    clearTimeout(late);
    stay();
  }
}
