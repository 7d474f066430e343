import type { Gathering } from '../run/run.ts';
import { rejectedBecause } from '../run/upload.ts';
import type { IngestDeps } from './deps.ts';
import { groupText, inOrder, isGroupRule, missingFrom } from './group.ts';
import { judgeInputs } from './judge-inputs.ts';
import { keepWaiting } from './keep-waiting.ts';
import { isVerdict } from './lineage.ts';
import { settingsOf } from './settings.ts';
import { rejected, type Verdict } from './verdict.ts';

/** A group goes on when it is complete, or when its time is up and the rule says to start with what is there. */
export async function judgeGroup(deps: IngestDeps, run: Gathering): Promise<Verdict | 'stays'> {
  const { rule, members, group, until } = run;
  if (!isGroupRule(rule)) throw new Error(`Rule ${rule.id} makes no groups.`);
  const missing = missingFrom(rule.start, members);
  const timeIsUp = deps.clock() >= Date.parse(until);
  if (missing !== undefined && !(timeIsUp && rule.start.incomplete === 'start')) {
    const text = groupText(run, rule.start);
    return keepWaiting(deps, run, {
      group,
      members,
      missing: `the group "${text}" is not complete: ${missing} did not come.`,
    });
  }
  return complete(deps, run, inOrder(rule.start, members));
}

/** What is asked for the first of the group holds for all of it. */
async function complete(deps: IngestDeps, run: Gathering, objects: Gathering['members']): Promise<Verdict | 'stays'> {
  const [first] = objects;
  if (first === undefined) return rejected('its group has no member.');
  const upload = { ...first, bucket: run.upload.bucket };
  const head = await deps.uploads.head(first.key, { versionId: first.versionId });
  const unusable = rejectedBecause(upload, head);
  if (unusable !== undefined || head === undefined) return rejected(`of its input ${first.key}: ${unusable ?? ''}`);
  const settings = await settingsOf(deps, run, upload, head.metadata);
  if (settings === 'stays' || isVerdict(settings)) return settings;
  return judgeInputs(deps, run, { upload: run.upload, ...settings }, objects);
}
