import type { Write } from '../../platform/ports.ts';
import { sha256 } from '../run/ids.ts';
import { wakeStartRun } from '../run/messages.ts';
import { moveRun, readRun } from '../run/move-run.ts';
import type { Gathering, InputObject, Lineage, Run } from '../run/run.ts';
import { claimKey, groupKey, inputsKey, keyPk, runToItem } from '../run/run-items.ts';
import { uploadIdentity } from '../run/upload.ts';
import type { IngestDeps } from './deps.ts';
import { groupText, isGroupRule, isNoMember, missingFrom, type Place, placeOf } from './group.ts';
import { judgeGroup } from './judge-group.ts';
import { keepWaiting } from './keep-waiting.ts';
import { guardVerdict, ignored, type Unadmitted, type Verdict } from './verdict.ts';

/**
 * An upload that is one of a group. The first becomes the run that collects the others; each other joins it in one
 * write with its own claim, which from then on leads to the collecting run: told of again, it is found to be there.
 */
export async function joinGroup(
  deps: IngestDeps,
  run: Unadmitted,
  object: InputObject,
  lineage?: Lineage,
): Promise<Verdict | 'stays'> {
  const { rule } = run;
  if (!isGroupRule(rule)) throw new Error(`Rule ${rule.id} makes no groups.`);
  const place = placeOf(rule.start, object.key);
  if (rule.start.members !== undefined && place === undefined) return ignored(isNoMember(rule));
  const member: InputObject = { ...object, ...(place?.nodeId !== undefined && { nodeId: place.nodeId }) };
  const text = groupText(run, rule.start);
  const group = groupName(rule.id, text);
  const collecting = await openCollector(deps, group);
  if (collecting === undefined) {
    const upload = { ...run.upload, etag: object.etag, size: object.size };
    const missing = missingWords(text, missingFrom(rule.start, [member]));
    const begins = keepWaiting(deps, run, { group, members: [member], upload, missing });
    return begins === 'stays' ? begins : { ...begins, next: { ...begins.next, ...(lineage && { lineage }) } };
  }
  const members = await withMember(deps, collecting, member, place);
  if (typeof members === 'string') return ignored(members);
  return joins(deps, run, { ...collecting, members, ...longer(collecting.lineage, lineage) }, text);
}

/** The longest way that one of the members came counts for all. */
const longer = (one: Lineage | undefined, other: Lineage | undefined): { lineage?: Lineage } =>
  other !== undefined && other.hops > (one?.hops ?? 0) ? { lineage: other } : {};

/** Groups of different rules never collide, for any folder name, and the text fits into a key. */
function groupName(ruleId: string, text: string): string {
  const rule = ruleId.replaceAll('%', '%25').replaceAll('#', '%23');
  const name = `${rule}#${text}`;
  return Buffer.byteLength(name) <= mostNameBytes ? name : `${sha256(rule)}#${sha256(text)}`;
}

const mostNameBytes = 2000;
const mostLooks = 10;

/** The run that collects this group now. One that is complete, but was left there, is sent on its way first. */
async function openCollector(deps: IngestDeps, group: string): Promise<Gathering | undefined> {
  for (let look = 0; look < mostLooks; look += 1) {
    const item = await deps.runs.get(groupKey(group));
    if (item === undefined) return undefined;
    const run = await readRun(deps.runs, String(item.runId));
    if (run?.status !== 'gathering' || run.group !== group) continue;
    const isWhole = !isGroupRule(run.rule) || missingFrom(run.rule.start, run.members) === undefined;
    if (!isWhole && run.cancelAsked === undefined) return run;
    // By itself: what is wrong with that group is nothing against who only comes to join it.
    const verdict = await guardVerdict(run, () => judgeGroup(deps, run));
    if (verdict === 'stays') return run;
    const moved = await moveRun(deps, run, verdict.next, verdict.alongside);
    if (moved.outcome === 'moved') return moved.run.status === 'gathering' ? moved.run : undefined;
  }
  throw new Error(`Group ${group} was written by others again and again. Try again.`);
}

/** The group with this one in it, or in words why it does not belong there. */
async function withMember(
  { uploads }: IngestDeps,
  { id, rule, members }: Gathering,
  member: InputObject,
  place: Place | undefined,
): Promise<readonly InputObject[] | string> {
  const others = members.filter(({ key }) => key !== member.key);
  if (others.length < members.length) {
    const current = await uploads.head(member.key);
    const isCurrent = member.versionId === undefined || current?.versionId === member.versionId;
    return isCurrent ? [...others, member] : `a newer version of it is in its group already, which run ${id} collects.`;
  }
  const start = isGroupRule(rule) ? rule.start : undefined;
  const rival = place && start && others.find(({ key }) => placeOf(start, key)?.suffix === place.suffix);
  if (start?.count !== undefined && others.length >= start.count)
    return `its group, which run ${id} collects, has all of its ${start.count} files already and waits for what is asked for them.`;
  if (rival !== undefined) return `its group, which run ${id} collects, has ${rival.key} in its place already.`;
  return [...others, member];
}

function joins({ clock, startQueue, log }: IngestDeps, run: Unadmitted, collecting: Gathering, text: string): Verdict {
  const { rule, members } = collecting;
  const now = new Date(clock()).toISOString();
  const complete = isGroupRule(rule) && missingFrom(rule.start, members) === undefined;
  // Due at once when it is complete, so that reconcile finds it where the wake is lost.
  const checkAfter = complete ? now : collecting.checkAfter;
  const next: Gathering = { ...collecting, checkAfter, updatedAt: now, revision: collecting.revision + 1 };
  const { bucket, key } = run.upload;
  const claim = claimKey(uploadIdentity(run.upload), run.rule.id);
  const alongside: Write[] = [
    { put: runToItem(next), if: { revision: collecting.revision } },
    { update: claim, set: { runId: collecting.id }, if: { runId: run.id } },
    ...keyWrites(bucket, [key], collecting, members),
    // A search by key finds the run that uses the object, not the one that handed it over.
    { delete: { pk: keyPk(bucket, key), sk: `${run.createdAt}#${run.id}` } },
  ];
  return {
    ...ignored(`it is part of the group "${text}", which run ${collecting.id} collects.`),
    alongside,
    afterwards: async () => {
      log.info('group.joined', { runId: collecting.id, key, members: members.length });
      if (complete) await wakeStartRun(startQueue, collecting.id);
    },
  };
}

/** Lead from inputs' keys to their run, which has a note of all of them. */
export const keyWrites = (
  bucket: string,
  keys: readonly string[],
  { id, createdAt }: Run,
  inputs: readonly InputObject[],
): Write[] => [
  ...keys.map((key): Write => {
    return { put: { pk: keyPk(bucket, key), sk: `${createdAt}#${id}`, type: 'key', runId: id } };
  }),
  { put: { ...inputsKey(id), type: 'inputs', keys: inputs.map(({ key }) => key) } },
];

const missingWords = (text: string, missing: string | undefined): string =>
  `the group "${text}" is not complete: ${missing ?? 'nothing'} did not come.`;
