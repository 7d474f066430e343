import type { Clock } from '../platform/ports.ts';
import { OutOfTime } from './errors.ts';

export interface Progress {
  /** Bytes the store has confirmed. */
  readonly bytes: number;
  readonly ofBytes: number;
}

export interface Watch {
  /**
   * To be called often: gives a sign of life when it is time for one. Throws when the last one could not be given, and
   * when there is no time left even for what is under way.
   */
  tick(progress: () => Progress): void;
  /** Whether this slice's time is over: what has been begun is all that it may do. */
  isOver(): boolean;
  /** Waits for the sign of life that is under way. */
  settled(): Promise<void>;
}

export const beatMs = 10_000;

/** Time, as a copy sees it: only by looking at the clock when something arrives. */
export function watchOf(
  { clock }: { readonly clock: Clock },
  job: {
    readonly heartbeat?: (progress: Progress) => Promise<void> | void;
    readonly deadlineMs?: number;
    readonly endMs?: number;
  },
): Watch {
  let lastMs = clock();
  let beating: Promise<void> | undefined;
  let failure: { error: unknown } | undefined;
  const beat = async (progress: Progress): Promise<void> => {
    try {
      await job.heartbeat?.(progress);
    } catch (error) {
      failure = { error };
    } finally {
      beating = undefined;
    }
  };
  return {
    tick: (progress) => {
      if (failure) throw failure.error;
      if (job.endMs !== undefined && clock() >= job.endMs) throw outOfTime(progress());
      if (beating || clock() - lastMs < beatMs) return;
      lastMs = clock();
      beating = beat(progress());
    },
    isOver: () => job.deadlineMs !== undefined && clock() >= job.deadlineMs,
    settled: async () => {
      await beating;
      if (failure) throw failure.error;
    },
  };
}

const outOfTime = ({ bytes, ofBytes }: Progress): OutOfTime =>
  new OutOfTime(
    `Of ${ofBytes} bytes, ${bytes} had arrived when the time of this worker was over: the source is too slow, or so large ` +
      'a file needs a source that knows ranges.',
  );
