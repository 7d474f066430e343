import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Server {
  readonly url: string;
  stop(): Promise<void>;
}

/** Starts a program that serves HTTP on a loopback port, and waits until it answers. */
export async function startServer(
  name: string,
  command: (port: number) => readonly [string, ...string[]],
): Promise<Server> {
  const port = await freePort();
  const [program, ...options] = command(port);
  const child = spawn(program, options, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      output = (output + chunk).slice(-4000);
    });
  const failed = once(child, 'error').then(([error]) => {
    throw new Error(`${name} could not be started: ${error.message}`);
  });
  const url = `http://127.0.0.1:${port}`;
  try {
    await Promise.race([failed, answering(name, url, child)]);
  } catch (error) {
    await stop(child);
    throw new Error(`${error instanceof Error ? error.message : error}\n${output}`);
  }
  return { url, stop: () => stop(child) };
}

/** Runs a program to its end; its output is returned, and is in the error when it fails. */
export async function run(program: string, ...options: string[]): Promise<string> {
  const child = spawn(program, options, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      output += chunk;
    });
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`${program} ${options.join(' ')} ended with ${code}:\n${output.slice(-2000)}`);
  return output;
}

const startingMs = 60_000;

async function answering(name: string, url: string, child: ChildProcess): Promise<void> {
  for (const deadline = Date.now() + startingMs; Date.now() < deadline; await sleep(100)) {
    if (child.exitCode !== null) throw new Error(`${name} ended with ${child.exitCode} before it answered.`);
    const answer = await fetch(url).catch(() => undefined);
    await answer?.body?.cancel();
    if (answer) return;
  }
  throw new Error(`${name} did not answer within ${startingMs / 1000} s.`);
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  return typeof address === 'object' && address ? address.port : 0;
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const insist = setTimeout(() => child.kill('SIGKILL'), 3000);
  await ended;
  clearTimeout(insist);
}
