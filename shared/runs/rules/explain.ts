import { Denied, InvalidInput } from '../../errors.ts';
import { silentLog } from '../../log.ts';
import type { Bucket, Clock, ObjectHead, Table } from '../../platform/ports.ts';
import { isInForce, readHold } from '../account-hold.ts';
import { readSpending } from '../control/counters.ts';
import { pausedBecause, readPauses } from '../control/pause.ts';
import { deliveryKey } from '../delivery-key.ts';
import { isManifestKey, isSidecarKey, startsByManifest } from '../ingest/companion-keys.ts';
import { groupText, isGroupRule, isNoMember, missingFrom, placeOf } from '../ingest/group.ts';
import { type IngestDeps, judge } from '../ingest/judge.ts';
import type { Verdict } from '../ingest/verdict.ts';
import { readRun } from '../move-run.ts';
import type { Claimed, MeasuredMedia, Run, RunStatus, Upload } from '../run.ts';
import { claimKey } from '../run-items.ts';
import { ignoredBecause, uploadIdentity } from '../upload.ts';
import { matchRules } from './match-rules.ts';
import type { Rule, RuleSet, UpdateParams } from './rule.ts';
import { fillParams, keyVariables } from './template.ts';
import { whatIfBucket, whatIfQueue, whatIfTable } from './what-if.ts';

export interface ExplainDeps {
  readonly runs: Table;
  readonly uploads: Bucket;
  readonly rules: () => Promise<RuleSet>;
  readonly clock: Clock;
  readonly deliveriesPrefix?: string;
}

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
  readonly claimed?: { readonly runId: string; readonly status: RunStatus };
  readonly would?: Would;
  /** What holds back this rule's starts now, in words. */
  readonly heldBack: readonly string[];
}

/** What would become of a run, as it would be found out before anything is paid for. */
export interface Would {
  /** `unknown`: there is nothing to look at. */
  readonly status: RunStatus | 'parked' | 'unknown';
  readonly reason?: string;
  readonly priority: number;
  readonly updateParams?: UpdateParams;
  /** `RUN`, `NODE` and `OUTPUT` stand for what is known later only. */
  readonly deliversTo: string;
  readonly media?: MeasuredMedia;
  readonly estimate?: Run['estimate'];
  /** Rules that its outputs would go on to. */
  readonly feeds: readonly string[];
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
  const run = runOf(deps, rule, key, found.head);
  if (found.head === undefined) return { would: byNameAlone(deps, run, found.denied), heldBack };
  const claim = await deps.runs.get(claimKey(uploadIdentity(run.upload), rule.id));
  const claimed = claim && (await readRun(deps.runs, String(claim.runId)));
  if (claimed !== undefined) {
    const short = claimed.status === 'waiting' ? await tooLittleLeft(deps, set, claimed.estimate) : [];
    return { claimed: { runId: claimed.id, status: claimed.status }, heldBack: [...heldBack, ...short] };
  }
  const would = await asJudged(deps, run);
  return { would, heldBack: [...heldBack, ...(await tooLittleLeft(deps, set, would.estimate))] };
}

/** Where nothing is left for anybody, that is said once for all rules. */
async function tooLittleLeft(
  deps: ExplainDeps,
  { budget }: RuleSet,
  estimate: Run['estimate'],
): Promise<readonly string[]> {
  const { spentToday } = await readSpending({ ...deps, log: silentLog });
  if (budget === undefined || estimate === undefined || spentToday >= budget.perDay) return [];
  if (spentToday + estimate.amount <= budget.perDay) return [];
  return [
    `${spentToday} of ${budget.perDay} ${budget.currency} are spent today, and the rest is too little for it (${estimate.amount})`,
  ];
}

/** The run that the object would get. */
function runOf({ uploads, clock }: ExplainDeps, rule: Rule, key: string, head: ObjectHead | undefined): Claimed {
  const now = new Date(clock()).toISOString();
  const upload: Upload = {
    bucket: uploads.name,
    key,
    ...(head && { versionId: head.versionId, etag: head.etag, size: head.size }),
  };
  const times = { createdAt: now, updatedAt: now, checkAfter: now };
  return { id: 'RUN', status: 'claimed', upload, rule, attempt: 1, revision: 1, ...times };
}

function byNameAlone(deps: ExplainDeps, run: Claimed, denied: string | undefined): Would {
  const ignored = ignoredBecause(run.upload) ?? passedOverBecause(run);
  const status = ignored !== undefined ? 'ignored' : denied === undefined ? 'unknown' : 'parked';
  const nothing = `there is no such object now, so nothing but its name could be judged.${ofGroup(run)}`;
  const reason = ignored ?? denied ?? nothing;
  try {
    const variables = keyVariables(run.rule, run.upload, run.createdAt);
    return { ...told(deps, run, filledWith(run.rule, variables)), status, reason };
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error;
    return { ...told(deps, run, run.rule), status, reason: `${reason} ${error.message}` };
  }
}

/** What the rule says of a video by its name alone. */
function passedOverBecause({ rule, upload }: Claimed): string | undefined {
  if (isManifestKey(upload.key)) return undefined;
  if (rule.start === 'manifest') return startsByManifest(rule.id);
  const isOutside =
    isGroupRule(rule) && rule.start.members !== undefined && placeOf(rule.start, upload.key) === undefined;
  return isOutside ? isNoMember(rule) : undefined;
}

function ofGroup(run: Claimed): string {
  const { rule, upload } = run;
  if (!isGroupRule(rule) || isManifestKey(upload.key)) return '';
  return ` It would be one of the group "${groupText(run, rule.start)}", which is complete with ${missingFrom(rule.start, [])}.`;
}

const filledWith = (rule: Rule, variables: Parameters<typeof fillParams>[1]): Rule =>
  rule.updateParams === undefined ? rule : { ...rule, updateParams: fillParams(rule.updateParams, variables) };

/** Judged by what judges uploads, on ports that keep what it would do to themselves. */
async function asJudged(deps: ExplainDeps, run: Claimed): Promise<Would> {
  const { rules, clock } = deps;
  const inert: IngestDeps = {
    ...{ rules, clock, log: silentLog, startQueue: whatIfQueue, settleQueue: whatIfQueue },
    runs: whatIfTable(deps.runs),
    uploads: whatIfBucket(deps.uploads),
  };
  try {
    const verdict = await judge(inert, run);
    return verdict === 'stays' ? { ...told(deps, run, run.rule), status: run.status } : asVerdict(deps, run, verdict);
  } catch (error) {
    if (!(error instanceof Denied)) throw error;
    return { ...told(deps, run, run.rule), status: 'parked', reason: error.message };
  }
}

function asVerdict(deps: ExplainDeps, run: Claimed, { next }: Verdict): Would {
  const would = { ...run, ...next } as Run;
  const reason = 'reason' in next ? next.reason : next.status === 'gathering' ? waitedFor(next) : undefined;
  return {
    ...told(deps, would, would.rule),
    status: next.status,
    ...(reason === undefined ? {} : { reason }),
    ...(would.media === undefined ? {} : { media: would.media }),
    ...(would.estimate === undefined ? {} : { estimate: would.estimate }),
  };
}

const waitedFor = ({ awaits, group, until }: { awaits?: string; group?: string; until: string }): string =>
  `it waits until ${until} for ${awaits ?? `the rest of its group (${group})`}.`;

function told({ deliveriesPrefix }: ExplainDeps, run: Run, rule: Rule): Omit<Would, 'status'> {
  const output = { id: 'OUTPUT', nodeName: 'NODE' };
  return {
    priority: rule.priority,
    ...(rule.updateParams === undefined ? {} : { updateParams: rule.updateParams }),
    deliversTo: deliveryKey({ ...run, rule }, output, 'mp4', { prefix: deliveriesPrefix }),
    feeds: rule.next?.map(({ id }) => id) ?? [],
  };
}

async function holding(deps: ExplainDeps, set: RuleSet): Promise<readonly string[]> {
  const { all } = await readPauses(deps);
  const hold = await readHold(deps);
  const { startedThisHour, spentToday } = await readSpending({ ...deps, log: silentLog });
  const { budget, maxRunsPerHour } = set;
  return [
    ...(all === undefined ? [] : [`everything is paused since ${all.at}: ${all.reason}`]),
    ...(hold !== undefined && isInForce(deps, hold)
      ? [`the account is held until ${hold.until}: ${hold.message}`]
      : []),
    ...(startedThisHour < maxRunsPerHour ? [] : [`${startedThisHour} runs began in this hour, as many as may`]),
    ...(budget === undefined || spentToday < budget.perDay
      ? []
      : [`${spentToday} of ${budget.perDay} ${budget.currency} are spent today`]),
  ];
}

async function holdingRule(deps: ExplainDeps, rule: Rule): Promise<readonly string[]> {
  const { rules } = await readPauses(deps);
  const paused = pausedBecause({ rules }, rule);
  const { maxRunsPerHour = Number.POSITIVE_INFINITY } = rule;
  const { startedThisHour } = await readSpending({ ...deps, log: silentLog }, rule.id);
  return [
    ...(paused === undefined ? [] : [`the rule is paused since ${paused.at}: ${paused.reason}`]),
    ...(startedThisHour < maxRunsPerHour ? [] : [`${startedThisHour} of its runs began in this hour, as many as may`]),
  ];
}
