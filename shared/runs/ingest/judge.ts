import { InvalidInput } from '../../errors.ts';
import type { Bucket, Queue } from '../../platform/ports.ts';
import { isManifestKey } from '../run/control-files.ts';
import type { RunDeps } from '../run/move-run.ts';
import type { RuleSet } from '../run/rule.ts';
import { judgeGroup } from './judge-group.ts';
import { judgeInputs } from './judge-inputs.ts';
import { judgeManifest } from './judge-manifest.ts';
import { judgeVideo } from './judge-video.ts';
import { rejected, type Unadmitted, type Verdict } from './verdict.ts';

export interface IngestDeps extends RunDeps {
  readonly uploads: Bucket;
  readonly rules: () => Promise<RuleSet>;
  readonly startQueue: Queue;
  readonly settleQueue: Queue;
}

/**
 * What becomes of a run before anything is paid for; `stays` when there is nothing new. Who stops in it leaves nothing
 * that judging again would not find or do again.
 */
export async function judge(deps: IngestDeps, run: Unadmitted): Promise<Verdict | 'stays'> {
  if (run.cancelAsked !== undefined) return { next: { status: 'cancelled', reason: run.cancelAsked.reason } };
  try {
    if (run.status === 'gathering' && run.group !== undefined) return await judgeGroup(deps, run);
    if (run.status === 'restoring' && run.input?.kind === 'objects')
      return await judgeInputs(deps, run, run, run.input.objects);
    return isManifestKey(run.upload.key) ? await judgeManifest(deps, run) : await judgeVideo(deps, run);
  } catch (error) {
    // What an uploader or the rule says cannot be followed; trying again would find the same words.
    if (error instanceof InvalidInput) return rejected(error.message);
    throw error;
  }
}
