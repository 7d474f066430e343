import { type ChildProcess, fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { accountId, region } from './intrinsics.ts';

export interface FunctionProperties {
  readonly name: string;
  /** The asset, which Lambda would unpack at /var/task. */
  readonly codeFolder: string;
  /** `file.export`, as in the template. */
  readonly handler: string;
  readonly timeoutSeconds: number;
  readonly environment: Readonly<Record<string, string>>;
  /** Gets its /tmp. */
  readonly folder: string;
}

export interface LambdaFunction {
  /** One event after the other, as in one sandbox; rejects when the function fails or takes longer than it may. */
  invoke(event: unknown): Promise<unknown>;
  readonly atWork: () => boolean;
  /** All that its log would hold. */
  readonly printed: () => string;
  stop(): Promise<void>;
}

/** A process of its own with no other variables than these and Lambda's few own. */
export function startFunction(properties: FunctionProperties): LambdaFunction {
  const { name, codeFolder, handler, timeoutSeconds, environment, folder } = properties;
  const temporary = join(folder, name);
  mkdirSync(temporary, { recursive: true });
  const [file = '', exportName = ''] = handler.split('.');
  const child = fork(join(import.meta.dirname, 'lambda-host.mjs'), [join(codeFolder, `${file}.mjs`), exportName], {
    cwd: codeFolder,
    execArgv: [],
    env: { ...environment, PATH: '/usr/local/bin:/usr/bin:/bin', TMPDIR: temporary, TZ: ':UTC' },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let printed = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (piece) => {
      printed += String(piece);
    });
  let last: Promise<unknown> = Promise.resolve();
  let inHand = 0;

  return {
    invoke: (event) => {
      const answer = last.then(() => call(event));
      last = answer.catch(() => undefined);
      return answer;
    },
    atWork: () => inHand > 0,
    printed: () => printed,
    stop: () => stop(child),
  };

  async function call(event: unknown): Promise<unknown> {
    inHand += 1;
    try {
      const awsRequestId = randomUUID();
      const invokedFunctionArn = `arn:aws:lambda:${region}:${accountId}:function:${name}`;
      const context = { awsRequestId, functionName: name, functionVersion: '$LATEST', invokedFunctionArn };
      child.send({ event, context, deadlineMs: Date.now() + timeoutSeconds * 1000 });
      const { result, error } = await answerOf(child, name, timeoutSeconds);
      if (error) throw new Error(`${name} failed: ${error.errorType}: ${error.errorMessage}\n${error.trace}`);
      return result;
    } finally {
      inHand -= 1;
    }
  }
}

interface Answer {
  readonly result?: unknown;
  readonly error?: { readonly errorType: string; readonly errorMessage: string; readonly trace: string };
}

async function answerOf(child: ChildProcess, name: string, timeoutSeconds: number): Promise<Answer> {
  const done = new AbortController();
  const { signal } = done;
  const late = new Promise<never>((_, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`${name} took more than its ${timeoutSeconds} s.`)),
      timeoutSeconds * 1000,
    );
    signal.addEventListener('abort', () => clearTimeout(timer));
  });
  const ended = once(child, 'exit', { signal }).then(([code, killedBy]) => {
    throw new Error(`${name} ended in the middle of an event (${killedBy ?? code}).`);
  });
  try {
    const [answer] = await Promise.race([once(child, 'message', { signal }), ended, late]);
    return answer;
  } finally {
    done.abort();
    await ended.catch(() => {});
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}
