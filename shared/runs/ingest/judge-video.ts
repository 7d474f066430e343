import type { ObjectHead } from '../../platform/ports.ts';
import { startsByManifest } from '../run/control-files.ts';
import type { Run } from '../run/run.ts';
import { ignoredBecause, rejectedBecause } from '../run/upload.ts';
import { type Admitted, admitted } from './admitted.ts';
import { awaitRestored } from './await-restored.ts';
import type { IngestDeps } from './deps.ts';
import { isGroupRule } from './group.ts';
import { joinGroup } from './join-group.ts';
import { judgeContent } from './judge-content.ts';
import { isVerdict, lineageOf } from './lineage.ts';
import { settingsOf } from './settings.ts';
import { outdated, rewritten } from './superseded-versions.ts';
import { ignored, rejected, type Unadmitted, type Verdict } from './verdict.ts';

/** An upload that becomes the only input of a run, or a member of a group. */
export async function judgeVideo(deps: IngestDeps, run: Unadmitted): Promise<Verdict | 'stays'> {
  const { upload } = run;
  const passedOver = run.status === 'claimed' ? await notToBeRead(deps, run) : undefined;
  if (passedOver !== undefined) return passedOver;
  const head = await deps.uploads.head(upload.key, { versionId: upload.versionId });
  const unusable = rejectedBecause(upload, head);
  if (unusable !== undefined || head === undefined) return rejected(unusable ?? '');
  const known = run.status === 'restoring' ? run : await learn(deps, run, head);
  if (known === 'stays' || isVerdict(known)) return known;
  const object = { key: head.key, versionId: upload.versionId, etag: head.etag, size: head.size };
  const grouped = isGroupRule(run.rule);
  // A group is restored as a whole, once it is complete.
  const restoring = grouped && run.rule.restore ? undefined : await awaitRestored(deps, run, known, [{ object, head }]);
  if (restoring !== undefined) return restoring;
  const content = head.archive === undefined ? await judgeContent(deps, object, known.rule) : { media: {} };
  if ('reason' in content) return rejected(content.reason);
  if (grouped) return joinGroup(deps, run, object, known.lineage);
  return admitted(deps, { ...known, media: content.media }, head.size);
}

async function notToBeRead(deps: IngestDeps, run: Run): Promise<Verdict | undefined> {
  const byName = ignoredBecause(run.upload);
  if (byName !== undefined) return ignored(byName);
  if (run.rule.start === 'manifest') return ignored(startsByManifest(run.rule.id));
  return (await rewritten(deps, run)) ?? (await outdated(deps, run));
}

/** Where the video comes from, and what is asked for with it. */
async function learn(deps: IngestDeps, run: Unadmitted, head: ObjectHead): Promise<Admitted | Verdict | 'stays'> {
  const lineage = await lineageOf(deps, head.metadata);
  if (isVerdict(lineage)) return lineage;
  const upload = { ...run.upload, etag: head.etag, size: head.size };
  const settings = await settingsOf(deps, run, upload, head.metadata);
  if (settings === 'stays' || isVerdict(settings)) return settings;
  return { upload, lineage, ...settings };
}
