import type { MeasuredMedia } from '../../inspect/measured-media.ts';
/**
 * A run: our record of one upload's journey. Fields exist only in the states that have them, and the only moves are
 * those of `nextStatuses`; doing it again is a new attempt, never a step back.
 */
import type { Json } from '../../platform/ports.ts';
import type { FailureClass } from './failure-classes.ts';
import type { Rule } from './rule.ts';

/** The object version that landed. */
export type Upload = {
  readonly bucket: string;
  readonly key: string;
  readonly versionId?: string;
  readonly etag?: string;
  /** Bytes. */
  readonly size?: number;
  /** Orders the events of one key, and does nothing else. */
  readonly sequencer?: string;
  /** The S3 operation: `CopyObject` may have rewritten nothing but the metadata. */
  readonly reason?: string;
};

/** An object that an agent run reads; `nodeId` names the Video Input node it feeds where there are several. */
export type InputObject = Omit<Upload, 'bucket' | 'sequencer' | 'reason'> & { readonly nodeId?: string };

/** What the agent run is given; absent: the upload itself. */
export type RunInput =
  | { readonly kind: 'objects'; readonly objects: readonly InputObject[] }
  /** Outputs of another run's agent run, by their render ids: nothing is copied. */
  | { readonly kind: 'renders'; readonly renderIds: readonly string[]; readonly ofRunId: string };

/** How often this run's video went through us before. */
export type Lineage = { readonly hops: number; readonly rootRunId: string; readonly parentRunId: string };

export type Asked = { readonly at: string; readonly reason: string };

/** A file to deliver: a video, or what was made beside one. `id` is unique among a run's. */
export type ExpectedOutput = {
  readonly id: string;
  readonly nodeId?: string;
  readonly nodeName?: string;
  /** Absent: the edited video itself. */
  readonly kind?: CompanionKind;
  /** The video that it belongs to, where it is none itself. */
  readonly of?: string;
};

export type CompanionKind = 'thumbnail' | 'project';

/** An output that could not be delivered, and why. */
export type FailedOutput = { readonly id: string; readonly reason: string };

/** Why the API did not take the last start. */
export type Refusal = { readonly kind: string; readonly message: string; readonly at: string };

interface RunBase {
  readonly id: string;
  /** What started it: the video, or the manifest, or a group's first member. */
  readonly upload: Upload;
  readonly rule: Rule;
  readonly input?: RunInput;
  /** What templates know of the object: `metadata`, `sidecar`, `data`. */
  readonly variables?: { readonly [name: string]: Json };
  readonly media?: MeasuredMedia;
  /** What the agent run will cost by the rule's rate, where that could be said. */
  readonly estimate?: { readonly amount: number; readonly currency: string };
  readonly lineage?: Lineage;
  /** One paid agent run each, from 1. Each attempt is a run of its own, so that no run ever goes backwards. */
  readonly attempt: number;
  readonly previousRunId?: string;
  /** Its next attempt. */
  readonly nextRunId?: string;
  /** A person wants it to end, or to go on after a pause; settle sees to it. */
  readonly cancelAsked?: Asked;
  readonly resumeAsked?: Asked;
  /** ISO times. */
  readonly createdAt: string;
  readonly updatedAt: string;
  /** When it came to its present status; absent in records of older versions. */
  readonly enteredAt?: string;
  /** Epoch seconds after which its records are deleted; only of a run that has ended, where that is so. */
  readonly expiresAt?: number;
  /** Counts the writes of this record: a mover's write holds only if nobody wrote since it read. */
  readonly revision: number;
}

/** Looked at by reconcile once this ISO time has come. */
interface Watched {
  readonly checkAfter: string;
}

interface Parkable {
  /** We may not read an object: our fault, so the run waits until that is mended. */
  readonly parked?: Asked & { readonly times: number };
}

interface WithSlot {
  readonly slot: number;
  /** Of the rule's own slots, where it has some. */
  readonly ruleSlot?: number;
  /** When the start was sent; after a pause, when the run went on. */
  readonly startedAt: string;
  /** ISO time at which the input links end; none where the input needs no link. */
  readonly linkExpiresAt?: string;
}

interface WithAgentRun {
  readonly agentRunId: string;
}

export type Claimed = RunBase & Watched & Parkable & { readonly status: 'claimed' };
/** Waits for the rest of its group, or for its sidecar. */
export type Gathering = RunBase &
  Watched &
  Parkable & {
    readonly status: 'gathering';
    /** The group that it collects: `<rule id>#<text>`. */
    readonly group?: string;
    /** The key of the sidecar it waits for. */
    readonly awaits?: string;
    readonly members: readonly InputObject[];
    readonly until: string;
  };
export type Ignored = RunBase & { readonly status: 'ignored'; readonly reason: string };
export type RejectedRun = RunBase & { readonly status: 'rejected'; readonly reason: string };
export type Restoring = RunBase & Watched & Parkable & { readonly status: 'restoring'; readonly askedAt: string };
export type Waiting = RunBase & {
  readonly status: 'waiting';
  /** Starts of this attempt that were sent before. */
  readonly starts: number;
  readonly notBefore?: string;
  readonly refusal?: Refusal;
};
export type Starting = RunBase &
  Watched &
  WithSlot & {
    readonly status: 'starting';
    readonly starts: number;
    /** Of the start before this one. */
    readonly refusal?: Refusal;
  };
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
    /** It was resumed after a pause that began then, and nothing has shown yet that it really goes on. */
    readonly pausedAt?: string;
  };
export type Paused = RunBase &
  Watched &
  WithSlot &
  WithAgentRun & {
    readonly status: 'paused';
    readonly progress: number;
    readonly reason: string;
    readonly pausedAt: string;
  };
export type Copying = RunBase &
  Watched &
  WithAgentRun & {
    readonly status: 'copying';
    readonly expected: readonly ExpectedOutput[];
    readonly partial: boolean;
    readonly nodeErrors: readonly NodeError[];
    /** When its agent run was found to have ended. */
    readonly finishedAt: string;
    /** It delivers anew what that run could not; what that one did deliver is not copied twice. */
    readonly redelivers?: string;
  };
export type Delivered = RunBase &
  WithAgentRun & {
    readonly status: 'delivered';
    /** The agent made only a part of it, or not all of what it made could be delivered. */
    readonly partial: boolean;
    readonly manifestKey: string;
    /** Of the outputs that were delivered. */
    readonly outputCount: number;
    /** Those that could not be; at most 50 are told. */
    readonly failedOutputs?: readonly FailedOutput[];
    readonly undelivered?: Undelivered;
  };
export type Failed = RunBase &
  Partial<WithAgentRun> & {
    readonly status: 'failed';
    readonly reason: string;
    readonly failure: FailureClass;
    readonly undelivered?: Undelivered;
  };
export type Cancelled = RunBase & Partial<WithAgentRun> & { readonly status: 'cancelled'; readonly reason: string };

/** What was to be delivered where not all of it could be: enough to copy again without another paid agent run. */
export type Undelivered = Pick<Copying, 'expected' | 'partial' | 'nodeErrors' | 'finishedAt'>;

/** What the API said went wrong in a node of a run that was delivered in part, or failed. */
export type NodeError = { readonly nodeId?: string; readonly messages: readonly string[] };

export type Run =
  | Claimed
  | Gathering
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
  claimed: ['ignored', 'rejected', 'gathering', 'restoring', 'waiting', 'failed', 'cancelled'],
  gathering: ['ignored', 'rejected', 'restoring', 'waiting', 'failed', 'cancelled'],
  ignored: [],
  rejected: [],
  restoring: ['waiting', 'rejected', 'failed', 'cancelled'],
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

/** Undefined in a status that has no agent run. */
export const agentRunIdOf = (run: Run): string | undefined => ('agentRunId' in run ? run.agentRunId : undefined);

export const isEnded = (run: Run): run is EndedRun => nextStatuses[run.status].length === 0;

type Without<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

/** What a mover may change beside the state; the rest of a run's base never changes. */
export type Changes = Partial<
  Pick<
    RunBase,
    | 'upload'
    | 'rule'
    | 'input'
    | 'variables'
    | 'media'
    | 'estimate'
    | 'lineage'
    | 'nextRunId'
    | 'cancelAsked'
    | 'resumeAsked'
  >
>;

/** The fields of a run's state, without those that every run has. */
export type StateOf<R extends Run> = Without<R, keyof RunBase> & Changes;

/** A run's next state: everything that the mover decides. The rest stays as it is. */
export type NextState = StateOf<Run>;

/** What every move keeps unless it says otherwise. */
export const baseFields = [
  'id',
  'upload',
  'rule',
  'input',
  'variables',
  'media',
  'estimate',
  'lineage',
  'attempt',
  'previousRunId',
  'nextRunId',
  'cancelAsked',
  'resumeAsked',
  'createdAt',
] as const satisfies readonly (keyof RunBase)[];
