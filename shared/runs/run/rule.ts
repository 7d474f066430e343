import type { Json } from '../../platform/ports.ts';

/**
 * One agent for the uploads that a rule takes, as a run keeps it: later edits of the rules do not change runs under
 * way. Texts marked (template) may hold `{variable}`; see `template.ts`.
 */
export type Rule = {
  /** Part of what makes an upload claimed once. A rule with several agents becomes several: `<id>@<agent id>`. */
  readonly id: string;
  /** The id in the document, for a rule that has several agents there. */
  readonly of?: string;
  readonly agentId: string;
  /** Parameters by the agent's node; texts in them are templates until the run is admitted. */
  readonly updateParams?: UpdateParams;
  /** 0 to 9; a higher one goes first. */
  readonly priority: number;

  /** The start of the keys that it takes; "" takes all. */
  readonly prefix: string;
  /** Endings, in any case. */
  readonly suffixes?: readonly string[];
  /** Key patterns with `*` (within a folder) and `**`; keys that match one are not taken. */
  readonly exclude?: readonly string[];
  /** Names parts of the key, such as `customers/{customer}/{show}/{name}.{extension}`; a key of another shape is not taken. */
  readonly pattern?: string;

  readonly filter?: Filter;
  /** What happens to an older version's open run when a newer version of the same key arrives; default `both`. */
  readonly versions?: 'both' | 'newest';
  /** Allows archived objects to be restored, which costs money; without it they are rejected. */
  readonly restore?: { readonly days: number; readonly tier: 'Expedited' | 'Standard' | 'Bulk' };
  /** `required`: the run waits for `<key>.tessera.json`; default `optional`: taken where it is there already. */
  readonly sidecar?: 'optional' | 'required' | 'ignored';
  /** How long a run waits for its sidecar or the rest of its group before it is refused (default 24 h). */
  readonly gatherSeconds?: number;
  /** What starts a run: each object (default), only a manifest `<name>.run.json`, or a complete group. */
  readonly start?: 'object' | 'manifest' | GroupStart;

  /** Agent runs of this rule in flight at most; without it only the account's slots limit it. */
  readonly slots?: number;
  readonly deadlineSeconds?: number;
  readonly maxRunsPerHour?: number;
  readonly retry?: Retry;
  readonly rate?: Rate;
  readonly deliver?: Delivering;
  readonly notify?: readonly Notify[];
  /** The user's own data, copied to the run and its manifest as it is. */
  readonly data?: { readonly [name: string]: Json };
  /** The rules that take this one's outputs as their inputs (`after` in the document). Never a loop. */
  readonly next?: readonly Rule[];
};

export type UpdateParams = { readonly [nodeId: string]: { readonly [parameter: string]: Json } };

/** Seconds and bytes are inclusive bounds. */
export type Filter = {
  readonly minBytes?: number;
  readonly maxBytes?: number;
  /** Containers by their magic bytes, such as `mp4`, `mov`, `mkv`, `webm`, `avi`, `ts`; default: any video container. */
  readonly containers?: readonly string[];
  readonly minSeconds?: number;
  readonly maxSeconds?: number;
  /** Default true. */
  readonly videoTrack?: boolean;
  /** True: a file without sound is refused. */
  readonly audioTrack?: boolean;
  /** What happens to a file whose duration or tracks cannot be measured; default `pass`. */
  readonly unmeasurable?: 'pass' | 'reject';
};

export type GroupStart = {
  /** (template over the key's parts) Objects with the same text belong together, for example `{folder}`. */
  readonly groupBy: string;
  /** Complete with this many objects (2 to 50) … */
  readonly count?: number;
  /** … or with one object for each of these endings, such as `-cam1.mp4`; each may name the Video Input node it feeds. */
  readonly members?: readonly { readonly suffix: string; readonly nodeId?: string }[];
  /** When time is up: refuse what is incomplete (default), or start with what is there. */
  readonly incomplete?: 'reject' | 'start';
};

/** Attempts of one run, each a paid agent run; default 2 for `input-expired` and 1 for everything else. */
export type Retry = { readonly attempts: number; readonly on: readonly FailureClass[] };

/** What an agent run costs, as the user knows it; added up. */
export type Rate = {
  readonly perRun?: number;
  readonly perMinute?: number;
  readonly perGigabyte?: number;
};

/** Where to and how; all texts are templates. Keys are within the deliveries bucket and its stage's prefix. */
export type Delivering = {
  readonly key?: string;
  readonly tags?: { readonly [name: string]: string };
  readonly metadata?: { readonly [name: string]: string };
  readonly storageClass?: StorageClass;
  /**
   * Where another object has the key: `rename` delivers under a name marked as this run's (default), `replace` writes
   * over it (in a versioned bucket: a new version of it), `fail` leaves the output undelivered.
   */
  readonly ifExists?: 'rename' | 'replace' | 'fail';
  /** What is delivered beside the videos where the agent made it; default both. */
  readonly beside?: readonly ('thumbnail' | 'project')[];
};

export const storageClasses = ['STANDARD', 'STANDARD_IA', 'ONEZONE_IA', 'INTELLIGENT_TIERING', 'GLACIER_IR'] as const;
/** S3's, of those that can be read at once. */
export type StorageClass = (typeof storageClasses)[number];

/** Who is told by a signed webhook. */
export type Notify = {
  readonly url: string;
  /** Names of events, such as `Run Delivered`; default all. */
  readonly events?: readonly string[];
};

/** Why a run failed, for whoever decides whether another attempt may help. */
export const failureClasses = [
  /** The agent ran and failed. */
  'agent-failed',
  /** The signed input link had expired when the agent wanted to read it. */
  'input-expired',
  /** The object was deleted or replaced meanwhile. */
  'input-gone',
  /** The API said that this start can never succeed. */
  'refused',
  /** A start was sent and nobody knows whether it began: only a person may decide about another attempt. */
  'unanswered',
  'deadline',
  'agent-run-gone',
  'no-output',
  'delivery',
  'too-costly',
  'out-of-credits',
] as const;
export type FailureClass = (typeof failureClasses)[number];

/** The whole document, parsed: rules whose `after` names another are found in that one's `next`, not in the list. */
export interface RuleSet {
  /** `first`: the first rule that matches a key decides (default); `all`: each one that matches gets a run. */
  readonly match: 'first' | 'all';
  readonly rules: readonly Rule[];
  /** For all rules together: starts beyond these wait for the next hour or (UTC) day. */
  readonly maxRunsPerHour: number;
  readonly budget?: { readonly perDay: number; readonly currency: string };
  /** How often outputs may become inputs again before it is called a loop. */
  readonly maxHops: number;
  /** 0 for what was deployed with the stage. */
  readonly version: number;
}

/** What the rules say of all runs together. */
export type Limits = Partial<Pick<RuleSet, 'maxRunsPerHour' | 'budget' | 'maxHops'>>;
