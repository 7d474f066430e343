/**
 * Kills the real program (`npm start -- FILE`) with SIGKILL at random moments, starts it again with the same words
 * until it says that it is done, and looks at what is left: one edited video, whole, one run, one agent run.
 * It prints its seed; `--seed N` repeats the moments, `--journeys N` sets how many journeys (default 8).
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { parseArgs } from 'node:util';
import { makeClip } from '../support/clips.ts';
import { factsOf } from '../support/look-at-clip.ts';

const { values } = parseArgs({ options: { seed: { type: 'string' }, journeys: { type: 'string' } } });
const seed = Number(values.seed ?? Date.now() % 1_000_000);
const journeys = Number(values.journeys ?? 8);
const root = resolve(import.meta.dirname, '../..');
const killsPerJourney = 4;
const toldMark = ', after it had said that it was done';
const random = randomFrom(seed);
let current: ChildProcess | undefined;
process.on('exit', () => current?.kill('SIGKILL'));

console.log(`seed ${seed}: ${journeys} journeys, up to ${killsPerJourney} kills each`);
let kills = 0;
let failed = 0;
// How long a whole life takes depends on the machine; kills are to fall into it, not behind it.
const wholeLifeMs = await wholeLife();
let number = 0;
// A busy machine may have made that one life long, and the kills late: then more journeys, until there were enough.
while (number < journeys || (kills < journeys && number < 4 * journeys)) {
  number += 1;
  if ((await journey(number)).length > 0) failed += 1;
}
const tooFew = kills < journeys;
console.log(
  `a whole life takes ${Math.round(wholeLifeMs)} ms; ${kills} kills${tooFew ? ', too few to prove anything' : ''}`,
);
console.log(`${number - failed} passed, ${failed} failed`);
process.exitCode = failed === 0 && !tooFew ? 0 : 1;

function isOver(end: string | undefined): boolean {
  return end === 'exit 0' || end?.endsWith(toldMark) === true;
}

async function wholeLife(): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'tessera-kill-'));
  try {
    const clip = await makeClip(join(folder, 'take.mp4'));
    const began = performance.now();
    const end = await live(folder, clip, await freePort());
    if (end !== 'exit 0') throw new Error(`A life that nobody disturbed ended with ${end}.`);
    return performance.now() - began;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function journey(number: number): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'tessera-kill-'));
  try {
    const clip = await makeClip(join(folder, `take ${number}.mp4`));
    const port = await freePort();
    const lives: string[] = [];
    while (lives.length < killsPerJourney && !isOver(lives.at(-1)))
      lives.push(await live(folder, clip, port, wholeLifeMs * (0.3 + 0.7 * random())));
    if (!isOver(lives.at(-1))) lives.push(await live(folder, clip, port));
    const faults = [...(isOver(lives.at(-1)) ? [] : ['the last start did not end well']), ...(await faultsIn(folder))];
    console.log(`journey ${number}: ${lives.join(', ')}${faults.map((fault) => `\n  FAULT ${fault}`).join('')}`);
    return faults;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** One start of the program, and how it ended: by our hand after `killAfterMs`, unless it was done before. */
function live(folder: string, clip: string, port: number, killAfterMs?: number): Promise<string> {
  const options = ['--data', join(folder, 'data'), '--out', join(folder, 'out'), '--port', String(port)];
  const program = spawn(process.execPath, ['functions/ready.mjs', 'functions/local/main.ts', clip, ...options], {
    cwd: root,
  });
  current = program;
  const printed: string[] = [];
  for (const stream of [program.stdout, program.stderr]) stream.on('data', (text) => printed.push(String(text)));
  const timer = killAfterMs ? setTimeout(() => program.kill('SIGKILL'), killAfterMs) : undefined;
  return new Promise((done) => {
    program.on('close', (code, signal) => {
      clearTimeout(timer);
      if (signal) kills += 1;
      if (signal === null && code !== 0) console.log(printed.join(''));
      // Who has seen the result and types the same again wants another edit; so the journey ends here.
      const told = printed.join('').includes('✓') ? toldMark : '';
      done(signal ? `killed after ${Math.round(killAfterMs ?? 0)} ms${told}` : `exit ${code}`);
    });
  });
}

async function faultsIn(folder: string): Promise<string[]> {
  const files = readdirSync(join(folder, 'out'));
  const counts = countRuns(join(folder, 'data', 'tessera.db'));
  const faults = Object.entries({ 'files in the results': files.length, ...counts })
    .filter(([, count]) => count !== 1)
    .map(([what, count]) => `${count} ${what}, not 1`);
  for (const file of files) {
    const { video, sound } = await factsOf(join(folder, 'out', file));
    if (!(Number(video?.duration) > 1.5) || !(Number(sound?.duration) > 1.5)) faults.push(`${file} is not whole`);
  }
  return faults;
}

function countRuns(path: string): Record<string, number> {
  const database = new DatabaseSync(path);
  try {
    const count = (where: string) =>
      Number((database.prepare(`SELECT count(*) AS n FROM items WHERE ${where}`).get() as { n: number }).n);
    return {
      runs: count(`store = 'runs' AND json ->> '$.type' = 'run'`),
      'delivered runs': count(`store = 'runs' AND json ->> '$.type' = 'run' AND json ->> '$.status' = 'delivered'`),
      'agent runs': count(`store = 'engine' AND json ->> '$.type' = 'agent-run'`),
    };
  } finally {
    database.close();
  }
}

function freePort(): Promise<number> {
  return new Promise((done, fail) => {
    const server = createServer();
    server.once('error', fail);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => done(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

/** A small seeded generator (mulberry32): 0 up to 1. */
function randomFrom(start: number): () => number {
  let state = start >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
