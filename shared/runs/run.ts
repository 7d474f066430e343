/**
 * A run: our record of one upload's journey. Fields exist only in the states that have them, and the only moves are
 * those of `nextStatuses`; doing it again is a new attempt, never a step back.
 */
import type { Json } from '../platform/ports.ts';

/** The object version that landed. */
export type Upload = {
  readonly bucket: string;
  readonly key: string;
  readonly versionId?: string;
  readonly etag?: string;
  /** Bytes. */
  readonly size?: number;
};

/** What of the rule this run needs: later edits of the rules do not change runs under way. */
export type RunRule = {
  readonly id: string;
  readonly agentId: string;
  readonly updateParams?: { readonly [nodeId: string]: { readonly [parameter: string]: Json } };
  /** 0 to 9; a higher one goes first. */
  readonly priority: number;
};

export type ExpectedOutput = { readonly id: string; readonly nodeId?: string; readonly nodeName?: string };

/** Why the API did not take the last start. */
export type Refusal = { readonly kind: string; readonly message: string; readonly at: string };

interface RunBase {
  readonly id: string;
  readonly upload: Upload;
  readonly rule: RunRule;
  /** One paid agent run each, from 1. */
  readonly attempt: number;
  /** ISO times. */
  readonly createdAt: string;
  readonly updatedAt: string;
  /** Counts the writes of this record: a mover's write holds only if nobody wrote since it read. */
  readonly revision: number;
}

/** Looked at by reconcile once this ISO time has come. */
interface Watched {
  readonly checkAfter: string;
}

interface WithSlot {
  readonly slot: number;
  /** When the start was sent; after a pause, when the run went on. */
  readonly startedAt: string;
}

interface WithAgentRun {
  readonly agentRunId: string;
}

export type Claimed = RunBase & Watched & { readonly status: 'claimed' };
export type Ignored = RunBase & { readonly status: 'ignored'; readonly reason: string };
export type RejectedRun = RunBase & { readonly status: 'rejected'; readonly reason: string };
export type Restoring = RunBase & Watched & { readonly status: 'restoring' };
export type Waiting = RunBase & {
  readonly status: 'waiting';
  /** Starts of this attempt that were sent before. */
  readonly starts: number;
  readonly notBefore?: string;
  readonly refusal?: Refusal;
};
export type Starting = RunBase & Watched & WithSlot & { readonly status: 'starting'; readonly starts: number };
export type Uncertain = RunBase &
  Watched &
  WithSlot & { readonly status: 'uncertain'; readonly starts: number; readonly reason: string };
export type Running = RunBase &
  Watched &
  WithSlot &
  WithAgentRun & {
    readonly status: 'running';
    /** 0 to 1; the most seen so far. */
    readonly progress: number;
  };
export type Paused = RunBase &
  Watched &
  WithSlot &
  WithAgentRun & { readonly status: 'paused'; readonly progress: number; readonly reason: string };
export type Copying = RunBase &
  Watched &
  WithAgentRun & {
    readonly status: 'copying';
    readonly expected: readonly ExpectedOutput[];
    readonly partial: boolean;
    readonly nodeErrors: readonly NodeError[];
    /** When its agent run was found to have ended. */
    readonly finishedAt: string;
  };
export type Delivered = RunBase &
  WithAgentRun & {
    readonly status: 'delivered';
    readonly partial: boolean;
    readonly manifestKey: string;
    readonly outputCount: number;
  };
export type Failed = RunBase & Partial<WithAgentRun> & { readonly status: 'failed'; readonly reason: string };
export type Cancelled = RunBase & Partial<WithAgentRun> & { readonly status: 'cancelled'; readonly reason: string };

/** What the API said went wrong in a node of a run that was delivered in part, or failed. */
export type NodeError = { readonly nodeId?: string; readonly messages: readonly string[] };

export type Run =
  | Claimed
  | Ignored
  | RejectedRun
  | Restoring
  | Waiting
  | Starting
  | Uncertain
  | Running
  | Paused
  | Copying
  | Delivered
  | Failed
  | Cancelled;

export type RunStatus = Run['status'];

export const nextStatuses = {
  claimed: ['ignored', 'rejected', 'restoring', 'waiting', 'failed', 'cancelled'],
  ignored: [],
  rejected: [],
  restoring: ['waiting', 'failed', 'cancelled'],
  waiting: ['starting', 'failed', 'cancelled'],
  starting: ['running', 'uncertain', 'waiting', 'failed', 'cancelled'],
  uncertain: ['running', 'waiting', 'failed', 'cancelled'],
  running: ['copying', 'paused', 'failed', 'cancelled'],
  paused: ['running', 'failed', 'cancelled'],
  copying: ['delivered', 'failed', 'cancelled'],
  delivered: [],
  failed: [],
  cancelled: [],
} as const satisfies Record<RunStatus, readonly RunStatus[]>;

export type EndedRun = Ignored | RejectedRun | Delivered | Failed | Cancelled;

export const isEnded = (run: Run): run is EndedRun => nextStatuses[run.status].length === 0;

type Without<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

/** A run's next state: everything that the mover decides. The rest stays as it is. */
export type NextState = Without<Run, keyof RunBase> & { readonly upload?: Upload };
