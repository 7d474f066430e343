import type { Json } from '../../platform/ports.ts';
import type { Filter } from './filters.ts';
import type { Delivering, GroupStart, Notify, Rate, Retry } from './rule-schemas.ts';

/**
 * One agent for the uploads that a rule takes, as a run keeps it: later edits of the rules do not change runs under
 * way. Texts marked (template) may hold `{variable}`; see `template.ts`.
 */
export type Rule = {
  /** Part of the claim's key, so each rule claims an upload once. A rule with several agents becomes one rule for each: `<id>@<agent id>`. */
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
  /** The rules that take this rule's outputs as inputs (`after` in the document). Never a cycle. */
  readonly next?: readonly Rule[];
};

export type UpdateParams = { readonly [nodeId: string]: { readonly [parameter: string]: Json } };

/** The parsed document. A rule with `after` is in the `next` of the rule it follows, not in the list. */
export interface RuleSet {
  /** `first`: the first rule that matches a key decides (default); `all`: each one that matches gets a run. */
  readonly match: 'first' | 'all';
  readonly rules: readonly Rule[];
  /** For all rules together: starts beyond these wait for the next hour or (UTC) day. */
  readonly maxRunsPerHour: number;
  readonly budget?: { readonly perDay: number; readonly currency: string };
  /** How often an output may become an input again before that counts as a loop. */
  readonly maxHops: number;
  /** 0 for the rules deployed with the stage. */
  readonly version: number;
}

/** The limits for all runs together. */
export type Limits = Partial<Pick<RuleSet, 'maxRunsPerHour' | 'budget' | 'maxHops'>>;
