import { Denied, InvalidInput } from '../../errors.ts';
import type { MeasuredMedia } from '../../inspect/measured-media.ts';
import { silentLog } from '../../log.ts';
import type { ObjectHead } from '../../platform/ports.ts';
import { deliveryKey } from '../deliver/output-key.ts';
import type { IngestDeps } from '../ingest/deps.ts';
import { groupText, isGroupRule, isNoMember, missingFrom, placeOf } from '../ingest/group.ts';
import { judge } from '../ingest/judge.ts';
import type { Verdict } from '../ingest/verdict.ts';
import { fillParams, keyVariables } from '../rules/template.ts';
import { isManifestKey, startsByManifest } from '../run/control-files.ts';
import type { Rule, UpdateParams } from '../run/rule.ts';
import type { Claimed, Run, RunStatus, Upload } from '../run/run.ts';
import { ignoredBecause } from '../run/upload.ts';
import { whatIfBucket, whatIfQueue, whatIfTable } from './dry-run-ports.ts';
import type { ExplainDeps } from './explain-deps.ts';

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

/** The run that the object would get. */
export function runOf({ uploads, clock }: ExplainDeps, rule: Rule, key: string, head: ObjectHead | undefined): Claimed {
  const now = new Date(clock()).toISOString();
  const upload: Upload = {
    bucket: uploads.name,
    key,
    ...(head && { versionId: head.versionId, etag: head.etag, size: head.size }),
  };
  const times = { createdAt: now, updatedAt: now, checkAfter: now };
  return { id: 'RUN', status: 'claimed', upload, rule, attempt: 1, revision: 1, ...times };
}

export function byNameAlone(deps: ExplainDeps, run: Claimed, denied: string | undefined): Would {
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
export async function asJudged(deps: ExplainDeps, run: Claimed): Promise<Would> {
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
