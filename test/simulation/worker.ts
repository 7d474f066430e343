import type { FaultKind, Faults } from './faults.ts';
import type { Random } from './random.ts';
import type { Scheduler } from './scheduler.ts';

/** One invocation of a door. Once dead it never goes on: no call that it makes, or has made, is answered. */
export interface Worker {
  readonly id: number;
  readonly name: string;
  readonly bornMs: number;
  /** Keys of the runs that it has read, for whoever asks what it knew. */
  readonly readRuns: Set<string>;
  /** Facts about the world at its birth that an invariant needs. */
  readonly facts: Map<string, unknown>;
  isDead(): boolean;
  die(why: string): void;
}

export type CallKind = 'read' | 'write';
export interface CallOptions {
  readonly kind: CallKind;
  /** Faults that this port has; absent where its own code decides. */
  readonly fails?: () => Error | undefined;
  readonly failsAfter?: () => Error | undefined;
  /** The longest that it takes when it is slow, and which fault that is. */
  readonly slowMs?: number;
  /** How long it takes in any case. */
  readonly takesMs?: number;
  readonly slow?: FaultKind;
}

export interface Workshop {
  /** Runs an invocation; `ended` is told how it went, and is not told when it died: then `died` is. */
  invoke<T>(
    name: string,
    timeoutMs: number,
    body: (worker: Worker) => Promise<T>,
    ended: (outcome: { value: T } | { error: unknown }) => void,
    died: () => void,
  ): Worker;
  /** A call to the world outside: done some time after it was made, answered some time after it was done. */
  call<T>(worker: Worker, what: string, options: CallOptions, perform: () => T): Promise<T>;
  alive(): number;
  /** Whether a living worker waits for no call: it is computing, and time stands still. */
  isBusy(): boolean;
}

export function workshop(scheduler: Scheduler, random: Random, faults: Faults): Workshop {
  let ids = 0;
  let alive = 0;
  const computing = new Set<Worker>();
  const pending = new Map<Worker, number>();
  const waits = (worker: Worker, calls: number) => {
    const before = pending.get(worker);
    if (before === undefined) return;
    const left = before + calls;
    pending.set(worker, left);
    if (left > 0) computing.delete(worker);
    else computing.add(worker);
  };
  // In some worlds everything takes the same time and only the seed's choice among the ready decides who goes first.
  const paceMs = random.pick([0, 1, 20, 200]);
  const pause = () => (paceMs === 0 ? 0 : random.below(paceMs));

  const latency = ({ slowMs = 4_000, slow = 'call-slow', takesMs = 0 }: CallOptions) =>
    pause() + takesMs / 2 + (faults.happens(slow) ? random.below(slowMs) : 0);

  return {
    alive: () => alive,
    isBusy: () => computing.size > 0,
    invoke(name, timeoutMs, body, ended, died) {
      let dead = false;
      let over = false;
      alive += 1;
      const close = () => {
        over = true;
        alive -= 1;
        computing.delete(worker);
        pending.delete(worker);
      };
      const worker: Worker = {
        id: ++ids,
        name,
        bornMs: scheduler.now(),
        readRuns: new Set(),
        facts: new Map(),
        isDead: () => dead,
        die(why) {
          if (dead || over) return;
          dead = true;
          close();
          scheduler.note(`${name}#${worker.id} ${why}`);
          died();
        },
      };
      scheduler.note(`${name}#${worker.id} begins`);
      scheduler.woke();
      pending.set(worker, 0);
      computing.add(worker);
      body(worker).then(
        (value) => {
          if (dead) return;
          close();
          ended({ value });
        },
        (error: unknown) => {
          if (dead) return;
          close();
          ended({ error });
        },
      );
      scheduler.after(timeoutMs, () => {
        if (over) return;
        faults.count('timeout-kill');
        worker.die('is stopped at its time limit');
      });
      return worker;
    },
    call: (worker, what, options, perform) =>
      new Promise((resolve, reject) => {
        // Nothing that a dead worker goes on to do reaches the world.
        if (worker.isDead()) return;
        waits(worker, 1);
        const { kind, fails, failsAfter } = options;
        const answer = (give: () => void) =>
          scheduler.after(latency(options), () => {
            if (worker.isDead()) return;
            scheduler.woke();
            waits(worker, -1);
            give();
          });
        const refuse = (error: unknown) => answer(() => reject(error));
        scheduler.after(latency(options), () => {
          // What was on its way when its sender died may arrive all the same.
          if (worker.isDead() && !(kind === 'write' && random.chance(0.5))) return;
          const label = `${worker.name}#${worker.id} ${what}`;
          if (faults.happens('crash-before')) return worker.die(`dies before ${what}`);
          const refusal = fails?.();
          if (refusal !== undefined) {
            scheduler.note(`${label} fails`);
            return refuse(refusal);
          }
          let value: ReturnType<typeof perform>;
          try {
            value = perform();
          } catch (error) {
            scheduler.note(`${label} throws ${error instanceof Error ? error.name : 'something'}`);
            return refuse(error);
          }
          scheduler.note(label);
          if (kind === 'write' && faults.happens('crash-after')) return worker.die(`dies after ${what}`);
          const late = kind === 'write' ? failsAfter?.() : undefined;
          if (late !== undefined) {
            scheduler.note(`${label} was done, but says that it failed`);
            return refuse(late);
          }
          if (faults.happens('call-hangs')) return scheduler.note(`${label} is never answered`);
          answer(() => resolve(value));
        });
      }),
  };
}
