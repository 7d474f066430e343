import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { tessera } from '../../functions/tessera/tessera.ts';

const root = resolve(import.meta.dirname, '../..');

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** `npx tessera …` as the shell runs it, typed in this folder: a process of its own, which takes a second. */
export function runCommand(
  words: readonly string[],
  folder: string,
  environment: NodeJS.ProcessEnv = {},
): Promise<Ended> {
  const child = spawn(process.execPath, [resolve(root, 'functions/tessera.mjs'), ...words], {
    cwd: root,
    env: { ...process.env, INIT_CWD: folder, NO_COLOR: '1', ...environment },
  });
  let [out, err] = ['', ''];
  child.stdout.on('data', (piece) => {
    out += String(piece);
  });
  child.stderr.on('data', (piece) => {
    err += String(piece);
  });
  return new Promise((done) => {
    child.once('close', (code) => done({ code, out, err }));
  });
}

/** The same words in this process: all but the start of one. */
export async function typed(words: readonly string[], folder: string): Promise<Ended> {
  process.env.INIT_CWD = folder;
  const [out, err]: [string[], string[]] = [[], []];
  const code = await tessera(words, { out: (line) => out.push(line), err: (line) => err.push(line) });
  return { code, out: textOf(out), err: textOf(err) };
}

const textOf = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('');

/** What it prints with `--json`. */
export async function jsonOf(words: readonly string[], folder: string): Promise<{ [name: string]: unknown }> {
  const { code, out, err } = await typed([...words, '--json'], folder);
  if (code !== 0) throw new Error(`tessera ${words.join(' ')} ended with ${code}: ${err}`);
  return JSON.parse(out);
}
