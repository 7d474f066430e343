import { Denied } from '../../errors.ts';
import type { Bucket, ObjectHead } from '../../platform/ports.ts';
import { resultStem } from '../deliver/result-stem.ts';
import { matchRules } from '../rules/match-rules.ts';
import { isSidecarKey } from '../run/control-files.ts';
import { readRun } from '../run/move-run.ts';
import { expectedResultNames } from '../run/result-names.ts';
import type { Rule, RuleSet } from '../run/rule.ts';
import type { Claimed, RunStatus } from '../run/run.ts';
import { claimKey } from '../run/run-items.ts';
import { uploadIdentity } from '../run/upload.ts';
import type { ExplainDeps } from './explain-deps.ts';
import { asJudged, byNameAlone, runOf, type Would } from './explain-dry-run.ts';
import { holding, holdingRule, tooLittleLeft } from './explain-waiting.ts';

export type { ExplainDeps } from './explain-deps.ts';
export type { Would } from './explain-dry-run.ts';

export interface Explanation {
  readonly bucket: string;
  readonly key: string;
  /** Absent: there is no such object (now), so only its name could be judged. */
  readonly object?: Pick<ObjectHead, 'size' | 'etag' | 'versionId' | 'storageClass'>;
  /** What keeps us from reading the object. */
  readonly denied?: string;
  readonly rulesVersion: number;
  readonly match: RuleSet['match'];
  /** Each rule for uploads, in order. */
  readonly rules: readonly ExplainedRule[];
  /** What holds back every start now, in words. */
  readonly heldBack: readonly string[];
}

export interface ExplainedRule {
  readonly ruleId: string;
  readonly agentId: string;
  readonly takes: boolean;
  /** Why it takes the key, or not. */
  readonly because: string;
  /** The run that this version of the object has by this rule; it gets no other. */
  readonly claimed?: {
    readonly runId: string;
    /** `forgotten`: it ended so long ago that its records are gone. */
    readonly status: RunStatus | 'forgotten';
  };
  readonly would?: Would;
  /** What holds back this rule's starts now, in words. */
  readonly heldBack: readonly string[];
}

/** What would happen if an object of this key landed now, and why. It does nothing, and asks nothing that costs. */
export async function explainKey(deps: ExplainDeps, key: string): Promise<Explanation> {
  const set = await deps.rules();
  const found = await lookAt(deps.uploads, key);
  const rules: ExplainedRule[] = [];
  for (const { rule, takes, because } of matchesOf(set, key)) {
    const told = { ruleId: rule.id, agentId: rule.agentId, takes, because };
    rules.push(takes ? { ...told, ...(await whatBecomes(deps, set, rule, key, found)) } : { ...told, heldBack: [] });
  }
  return {
    ...{ bucket: deps.uploads.name, key, rulesVersion: set.version, match: set.match },
    ...(found.head === undefined ? {} : { object: shown(found.head) }),
    ...(found.denied === undefined ? {} : { denied: found.denied }),
    rules,
    heldBack: await holding(deps, set),
  };
}

interface Found {
  readonly head?: ObjectHead;
  readonly denied?: string;
}

async function lookAt(uploads: Bucket, key: string): Promise<Found> {
  try {
    const head = await uploads.head(key);
    return head === undefined ? {} : { head };
  } catch (error) {
    if (error instanceof Denied) return { denied: error.message };
    throw error;
  }
}

const shown = ({ size, etag, versionId, storageClass }: ObjectHead) => ({
  ...{ size, etag, versionId },
  ...(storageClass === undefined ? {} : { storageClass }),
});

function matchesOf(set: RuleSet, key: string) {
  if (isSidecarKey(key))
    return set.rules.map((rule) => ({
      rule,
      takes: false,
      because: 'the key is that of a sidecar, which is no video',
    }));
  return matchRules(set, key);
}

async function whatBecomes(
  deps: ExplainDeps,
  set: RuleSet,
  rule: Rule,
  key: string,
  found: Found,
): Promise<Pick<ExplainedRule, 'claimed' | 'would' | 'heldBack'>> {
  const heldBack = await holdingRule(deps, rule);
  const run = await withResultName(deps, runOf(deps, rule, key, found.head));
  if (found.head === undefined) return { would: byNameAlone(deps, run, found.denied), heldBack };
  const claim = await deps.runs.get(claimKey(uploadIdentity(run.upload), rule.id));
  const claimed = claim && (await readRun(deps.runs, String(claim.runId)));
  if (claimed !== undefined) {
    const short = claimed.status === 'waiting' ? await tooLittleLeft(deps, set, claimed.estimate) : [];
    return { claimed: { runId: claimed.id, status: claimed.status }, heldBack: [...heldBack, ...short] };
  }
  if (claim !== undefined) return { claimed: { runId: String(claim.runId), status: 'forgotten' }, heldBack };
  const would = await asJudged(deps, run);
  return { would, heldBack: [...heldBack, ...(await tooLittleLeft(deps, set, would.estimate))] };
}

/** The name that its results get if no other run has it. */
async function withResultName({ runs, clock }: ExplainDeps, run: Claimed): Promise<Claimed> {
  const names = await expectedResultNames(runs, run.rule.id, clock());
  return names === 'input' ? { ...run, resultName: resultStem(run) } : run;
}
