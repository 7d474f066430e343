import { isManifestKey } from '../run/control-files.ts';
import type { IngestDeps } from './deps.ts';
import { judgeGroup } from './judge-group.ts';
import { judgeInputs } from './judge-inputs.ts';
import { judgeManifest } from './judge-manifest.ts';
import { judgeVideo } from './judge-video.ts';
import { guardVerdict, type Unadmitted, type Verdict } from './verdict.ts';

/**
 * What becomes of a run before anything is paid for; `stays` when there is nothing new. Who stops in it leaves nothing
 * that judging again would not find or do again.
 */
export const judge = (deps: IngestDeps, run: Unadmitted): Promise<Verdict | 'stays'> =>
  guardVerdict(run, () => {
    if (run.status === 'gathering' && run.group !== undefined) return judgeGroup(deps, run);
    if (run.status === 'restoring' && run.input?.kind === 'objects')
      return judgeInputs(deps, run, run, run.input.objects);
    return isManifestKey(run.upload.key) ? judgeManifest(deps, run) : judgeVideo(deps, run);
  });
