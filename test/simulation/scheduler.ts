import { createHash } from 'node:crypto';
import type { Random } from './random.ts';

/**
 * One thread of virtual time. Whatever is to happen is a step with a due time; the earliest goes first, and among
 * those due together the seed chooses. Nothing else decides what happens next, so a seed replays exactly.
 */
export interface Scheduler {
  /** Milliseconds since the epoch. */
  now(): number;
  after(delayMs: number, step: () => void): void;
  /** To be called by a step that let some code go on: the next step waits until that code waits for something again. */
  woke(): void;
  /** Takes steps until none is left, this time has come, or it is stopped. */
  run(untilMs: number): Promise<void>;
  stop(): void;
  /** Due time of the next step. */
  nextDue(): number | undefined;
  steps(): number;
  note(line: string): void;
  trace: Trace;
}

export interface Trace {
  /** The last lines, or all of them when all were asked for. */
  lines(): readonly string[];
  hash(): string;
}

interface Step {
  readonly dueMs: number;
  readonly turn: number;
  readonly take: () => void;
}

const tailLines = 80;

/** `isBusy`: whether some code neither waits for a step nor is over, so that it is doing something of its own. */
export function scheduler(random: Random, startMs: number, isBusy: () => boolean, keepAll = false): Scheduler {
  let now = startMs;
  let steps = 0;
  let drain = false;
  let stopped = false;
  const heap: Step[] = [];
  const trace = traceOf(keepAll, () => now - startMs);
  const self: Scheduler = {
    now: () => now,
    after: (delayMs, take) => push(heap, { dueMs: now + Math.max(0, Math.round(delayMs)), turn: random.next(), take }),
    woke: () => {
      drain = true;
    },
    stop: () => {
      stopped = true;
    },
    async run(untilMs) {
      for (let step = heap[0]; step !== undefined && step.dueMs <= untilMs && !stopped; step = heap[0]) {
        pop(heap);
        now = step.dueMs;
        steps += 1;
        step.take();
        if (!drain) continue;
        drain = false;
        await settled(isBusy);
      }
      now = Math.max(now, Number.isFinite(untilMs) ? untilMs : now);
    },
    nextDue: () => heap[0]?.dueMs,
    steps: () => steps,
    note: trace.note,
    trace,
  };
  return self;
}

/**
 * A tick comes only after every promise that can go on has gone on. Loading a module takes turns of the event loop too;
 * only one piece of code is ever awake, so that its turns are waited for changes nothing about the order.
 */
async function settled(isBusy: () => boolean): Promise<void> {
  await new Promise<void>((resolve) => process.nextTick(resolve));
  for (let turn = 0; isBusy(); turn += 1) {
    if (turn > 20_000) throw new Error('Some code waits for something that is not simulated.');
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}

function traceOf(keepAll: boolean, elapsedMs: () => number): Trace & { note: (line: string) => void } {
  const digest = createHash('sha256');
  let kept: string[] = [];
  let unhashed = '';
  return {
    note(line) {
      const timed = `${(elapsedMs() / 1000).toFixed(3)} ${line}`;
      kept.push(timed);
      unhashed += `${timed}\n`;
      if (unhashed.length < 16_384 && kept.length < 4 * tailLines) return;
      digest.update(unhashed);
      unhashed = '';
      if (!keepAll) kept = kept.slice(-tailLines);
    },
    lines: () => (keepAll ? kept : kept.slice(-tailLines)),
    hash: () => digest.copy().update(unhashed).digest('hex').slice(0, 16),
  };
}

const before = (a: Step, b: Step): boolean => a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.turn < b.turn);

function push(heap: Step[], step: Step): void {
  let at = heap.push(step) - 1;
  while (at > 0) {
    const parent = (at - 1) >> 1;
    const above = heap[parent] as Step;
    if (!before(step, above)) break;
    heap[at] = above;
    at = parent;
  }
  heap[at] = step;
}

function pop(heap: Step[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && before(heap[child + 1] as Step, heap[child] as Step)) child += 1;
    const below = heap[child] as Step;
    if (!before(below, last)) break;
    heap[at] = below;
    at = child;
  }
  heap[at] = last;
}
