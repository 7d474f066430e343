import { type ChildProcess, spawn } from 'node:child_process';
import { resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../..');

export interface Program {
  readonly process: ChildProcess;
  /** All that it has printed so far, on both streams. */
  printed(): string;
  /** Resolves once this has been printed. */
  saying(text: string): Promise<void>;
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null; printed: string }>;
}

/** `npm start -- …` as the shell runs it, in a folder of the test's. */
export function startProgram(
  words: readonly string[],
  folder: string,
  environment: Record<string, string> = {},
): Program {
  const child = spawn(process.execPath, [resolve(root, 'functions/ready.mjs'), 'functions/local/main.ts', ...words], {
    cwd: root,
    env: { ...process.env, INIT_CWD: folder, NO_COLOR: '1', MOSAIC_API_URL: '', ...environment },
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (piece) => {
      text += String(piece);
    });
  return {
    process: child,
    printed: () => text,
    saying: (wanted) =>
      new Promise((done, fail) => {
        const look = () => {
          if (text.includes(wanted)) done();
        };
        for (const stream of [child.stdout, child.stderr]) stream.on('data', look);
        child.once('close', () => fail(new Error(`It ended without saying "${wanted}":\n${text}`)));
        look();
      }),
    ended: new Promise((done) => {
      child.once('close', (code, signal) => done({ code, signal, printed: text }));
    }),
  };
}

export const runProgram = (...start: Parameters<typeof startProgram>) => startProgram(...start).ended;
