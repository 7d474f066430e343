import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { PermanentError } from '../../errors.ts';

/** Container formats that we let FFmpeg open. Playlists (HLS, DASH, concat) are not among them: they name other files. */
const containerFormats =
  'mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,mpegts,mpeg,avi,flv,asf,mxf,ogg,wav,mp3,flac,aac,png_pipe';

/** What stands before every input: local files only, in one of the formats above. */
export const safeInput = (path: string, format?: string): string[] => [
  ...['-protocol_whitelist', 'file,pipe', '-format_whitelist', containerFormats],
  ...(format === undefined ? [] : ['-f', format]),
  ...['-i', `file:${path}`],
];

/** An input option: sound that changes its rate or channels half-way is an error instead of a restart of the graph. */
export const steadySound = ['-reinit_filter:a', '0'];

export interface Program {
  path: string;
  args: string[];
  wallSeconds: number;
  signal?: AbortSignal;
  onOutputLine?: (line: string, stop: (reason: Error) => void) => void;
  onMessageLine?: (line: string) => void;
}

/** FFmpeg or ffprobe said no; the message carries the end of what it said. */
export class ProgramFailed extends Error {
  override name = 'ProgramFailed';
  readonly said: string;
  /** It crashed or was killed, which says nothing about the file. */
  readonly crashed: boolean;

  constructor(path: string, exit: string, said: string) {
    super(`${programName(path)} ended with ${exit}: ${said.slice(-600).trim() || 'it said nothing'}`);
    this.said = said;
    this.crashed = exit.startsWith('signal');
  }
}

/**
 * The only place that starts a process. It runs in a process group of its own, so that stopping it (time limit, abort,
 * a callback's `stop`) also stops whatever it started, and with next to no environment: a program that reads strangers'
 * files has no business with our credentials.
 */
export async function runProgram(program: Program): Promise<{ messages: string }> {
  program.signal?.throwIfAborted();
  const child = spawn(program.path, program.args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: process.platform !== 'win32',
    env: bareEnvironment,
    windowsHide: true,
  });
  let stopped: Error | undefined;
  const stop = (reason: Error) => {
    stopped ??= reason;
    killGroup(child);
  };
  const timer = setTimeout(() => stop(tooSlow(program)), program.wallSeconds * 1000);
  const onAbort = () => stop(abortReason(program.signal));
  program.signal?.addEventListener('abort', onAbort, { once: true });
  // Node does not end its children when it exits; FFmpeg would go on alone.
  const onExit = () => killGroup(child);
  process.once('exit', onExit);
  try {
    const messages = boundedTail(program.onMessageLine);
    const reading = [
      readLines(child.stdout, (line) => program.onOutputLine?.(line, stop)),
      readLines(child.stderr, messages.add),
    ];
    const exit = await ended(child);
    await Promise.all(reading);
    if (stopped !== undefined) throw stopped;
    if (exit !== 'code 0') throw new ProgramFailed(program.path, exit, messages.text());
    return { messages: messages.text() };
  } finally {
    clearTimeout(timer);
    program.signal?.removeEventListener('abort', onAbort);
    process.removeListener('exit', onExit);
  }
}

/** The static ffprobe that npm brings crashes on MPEG-TS when it loads the system's character tables: it is shown none. */
const bareEnvironment = { LC_ALL: 'C', GCONV_PATH: '/nonexistent' };

function killGroup(child: ChildProcess) {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  try {
    if (process.platform === 'win32') child.kill('SIGKILL');
    else process.kill(-child.pid, 'SIGKILL');
  } catch {
    // It ended in the meantime.
  }
}

const tooSlow = ({ path, wallSeconds }: Program) =>
  new PermanentError(`${programName(path)} was stopped: it ran longer than its limit of ${wallSeconds} s`, {
    wallSeconds,
  });

const abortReason = (signal: AbortSignal | undefined): Error =>
  signal?.reason instanceof Error ? signal.reason : new Error('the work was called off', { cause: signal?.reason });

const ended = (child: ChildProcess) =>
  new Promise<string>((resolve, reject) => {
    child.once('error', (cause) =>
      reject(new Error(`${programName(child.spawnfile)} could not be started: ${cause.message}`, { cause })),
    );
    child.once('close', (code, signal) => resolve(signal === null ? `code ${code}` : `signal ${signal}`));
  });

/** A tag of a gigabyte without a line's end is no line: what is longer than any that we read is cut. */
async function readLines(stream: Readable, onLine: (line: string) => void) {
  let rest = '';
  for await (const text of stream.setEncoding('utf8')) {
    const lines = `${rest}${text}`.split(/\r?\n/);
    rest = (lines.pop() ?? '').slice(0, longestLine);
    for (const line of lines) onLine(line);
  }
  if (rest !== '') onLine(rest);
}

const longestLine = 65_536;

/** A hostile file can make FFmpeg complain for hours; only the end of it is kept. */
function boundedTail(onLine: (line: string) => void = () => {}) {
  let lines: string[] = [];
  return {
    add: (line: string) => {
      onLine(line);
      lines.push(line.slice(0, 500));
      if (lines.length > 80) lines = lines.slice(-40);
    },
    text: () => lines.slice(-40).join('\n'),
  };
}

const programName = (path: string) => (/ffprobe[^/\\]*$/i.test(path) ? 'ffprobe' : 'ffmpeg');
