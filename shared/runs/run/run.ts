import type { MeasuredMedia } from '../../inspect/measured-media.ts';
/**
 * A run: our record of one upload's journey. Fields exist only in the states that have them, and `nextStatuses` lists the
 * allowed moves. A retry is a new run, never a step back.
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
  /** S3's order of the events of one key. */
  readonly sequencer?: string;
  /** The S3 operation. A `CopyObject` may have changed only the metadata. */
  readonly reason?: string;
};

/** An object that an agent run reads; `nodeId` names its Video Input node if the agent has several. */
export type InputObject = Omit<Upload, 'bucket' | 'sequencer' | 'reason'> & { readonly nodeId?: string };

/** The input of the agent run; the upload itself by default. */
export type RunInput =
  | { readonly kind: 'objects'; readonly objects: readonly InputObject[] }
  /** Outputs of another run's agent run, by their render ids: nothing is copied. */
  | { readonly kind: 'renders'; readonly renderIds: readonly string[]; readonly ofRunId: string };

/** How often this run's video went through a pipeline before. */
export type Lineage = { readonly hops: number; readonly rootRunId: string; readonly parentRunId: string };

export type Asked = { readonly at: string; readonly reason: string };

/** A file to deliver: a video or its attachment. `id` is unique within a run. */
export type ExpectedOutput = {
  readonly id: string;
  readonly nodeId?: string;
  readonly nodeName?: string;
  /** Absent: the edited video itself. */
  readonly kind?: CompanionKind;
  /** The video that an attachment belongs to. */
  readonly of?: string;
};

export type CompanionKind = 'thumbnail' | 'project';

/** An output that could not be delivered, and why. */
export type FailedOutput = { readonly id: string; readonly reason: string };

/** Why the API refused the last start. */
export type Refusal = { readonly kind: string; readonly message: string; readonly at: string };

interface RunBase {
  readonly id: string;
  /** The object that started it: a video, a manifest, or the first member of a group. */
  readonly upload: Upload;
  readonly rule: Rule;
  readonly input?: RunInput;
  /** Variables for templates: `metadata`, `sidecar`, `data`. */
  readonly variables?: { readonly [name: string]: Json };
  readonly media?: MeasuredMedia;
  /** The estimated cost of the agent run, if the rule has a rate. */
  readonly estimate?: { readonly amount: number; readonly currency: string };
  readonly lineage?: Lineage;
  /** The name of its results, without prefix and extension: `tighten/talk-2`. Absent until they have one. */
  readonly resultName?: string;
  /** From 1. Each attempt is a new run with one paid agent run, so that no run ever moves backwards. */
  readonly attempt: number;
  readonly previousRunId?: string;
  /** Its next attempt. */
  readonly nextRunId?: string;
  /** A person asked to cancel it, or to resume it after a pause; settle does so. */
  readonly cancelAsked?: Asked;
  readonly resumeAsked?: Asked;
  /** ISO times. */
  readonly createdAt: string;
  readonly updatedAt: string;
  /** When it entered its status; absent in records of older versions. */
  readonly enteredAt?: string;
  /** Epoch seconds after which its records are deleted; only for ended runs, if retention is limited. */
  readonly expiresAt?: number;
  /** Counts the writes of this record: a move is only written if the revision is still the one that was read. */
  readonly revision: number;
}

/** Reconcile checks the run after this ISO time. */
interface Watched {
  readonly checkAfter: string;
}

interface Parkable {
  /** Access to an object is denied. That is our fault, so the run waits until it is fixed. */
  readonly parked?: Asked & { readonly times: number };
}

interface WithSlot {
  readonly slot: number;
  /** One of the rule's own slots, if it has any. */
  readonly ruleSlot?: number;
  /** When the start was sent; after a pause, when the run was resumed. */
  readonly startedAt: string;
  /** ISO time at which the input links expire; absent if the input needs no link. */
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
  /** How many starts of this attempt were sent before. */
  readonly starts: number;
  readonly notBefore?: string;
  readonly refusal?: Refusal;
};
export type Starting = RunBase &
  Watched &
  WithSlot & {
    readonly status: 'starting';
    readonly starts: number;
    /** Why the previous start was refused. */
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
    /** From 0 to 1; never decreases. */
    readonly progress: number;
    /** When the last pause began, while it is not yet certain that the agent run continues. */
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
    /** When we saw that its agent run had ended. */
    readonly finishedAt: string;
    /** The run whose failed outputs this one delivers again; outputs it did deliver are not copied twice. */
    readonly redelivers?: string;
  };
export type Delivered = RunBase &
  WithAgentRun & {
    readonly status: 'delivered';
    /** The agent made only some outputs, or some could not be delivered. */
    readonly partial: boolean;
    readonly manifestKey: string;
    /** How many outputs were delivered. */
    readonly outputCount: number;
    /** The outputs that could not be delivered, at most 50. */
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

/** What a failed delivery keeps, so that the copies can be repeated without another paid agent run. */
export type Undelivered = Pick<Copying, 'expected' | 'partial' | 'nodeErrors' | 'finishedAt'>;

/** The errors that the API reported for a node of a partial or failed run. */
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

/** The base fields that a move may change; the others never change. */
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
    | 'resultName'
    | 'nextRunId'
    | 'cancelAsked'
    | 'resumeAsked'
  >
>;

/** The fields of a run's state, without those that every run has. */
export type StateOf<R extends Run> = Without<R, keyof RunBase> & Changes;

/** A run's next state. Fields that it does not name stay as they are. */
export type NextState = StateOf<Run>;

/** The fields that a move keeps unless it changes them. */
export const baseFields = [
  'id',
  'upload',
  'rule',
  'input',
  'variables',
  'media',
  'estimate',
  'lineage',
  'resultName',
  'attempt',
  'previousRunId',
  'nextRunId',
  'cancelAsked',
  'resumeAsked',
  'createdAt',
] as const satisfies readonly (keyof RunBase)[];
