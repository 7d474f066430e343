import { Missing } from '../../errors.ts';
import { claimRun } from '../create/claim-run.ts';
import { rulesFor } from '../rules/match-rules.ts';
import { isSidecarKey } from '../run/control-files.ts';
import type { ObjectMessage } from '../run/messages.ts';
import { moveRun, readRun } from '../run/move-run.ts';
import type { Run, Upload } from '../run/run.ts';
import type { IngestDeps } from './deps.ts';
import { judge } from './judge.ts';
import { parked } from './park-denied.ts';
import { uploadToldOf } from './resolve-object.ts';
import type { Unadmitted } from './verdict.ts';
import { wakeAwaiting } from './wake-awaiting.ts';

/**
 * Takes note of an object that landed: one run for each rule that takes it. Afterwards each waits for a slot, for what
 * it still needs, or says why it never will start.
 */
export async function admitUpload(deps: IngestDeps, upload: Upload): Promise<readonly Run[]> {
  if (upload.bucket !== deps.uploads.name) return passedOver(deps, upload);
  await wakeAwaiting(deps, upload);
  if (isSidecarKey(upload.key)) return [];
  const rules = rulesFor(await deps.rules(), upload.key);
  // No rule takes it, so only the log records it.
  if (rules.length === 0) return passedOver(deps, upload);
  const runs: Run[] = [];
  for (const rule of rules) {
    const run = await claimRun(deps, upload, rule);
    if (run !== undefined) runs.push(await admit(deps, run));
  }
  return runs;
}

/** Admits an object named by a back-fill. Repeats, also as S3 events, lead to the same runs. */
export async function admitToldOf(deps: IngestDeps, message: ObjectMessage): Promise<readonly Run[]> {
  const upload = await uploadToldOf(deps, message);
  return upload === undefined ? [] : admitUpload(deps, upload);
}

/** Continues a run that is not admitted yet: its first worker stopped, or the object it waited for arrived. */
export async function admitRun(deps: IngestDeps, runId: string): Promise<Run> {
  const run = await readRun(deps.runs, runId);
  if (run === undefined) throw new Missing(`There is no run ${runId} to go on with.`);
  return admit(deps, run);
}

function passedOver({ log }: IngestDeps, { bucket, key }: Upload): readonly Run[] {
  log.info('upload.passed-over', { bucket, key });
  return [];
}

const isUnadmitted = (run: Run): run is Unadmitted =>
  run.status === 'claimed' || run.status === 'gathering' || run.status === 'restoring';

const mostSteps = 20;

/** Each step is one guarded write. A faster worker saw the same object version, so its result is used. */
async function admit(deps: IngestDeps, first: Run): Promise<Run> {
  let run = first;
  for (let step = 0; step < mostSteps && isUnadmitted(run); step += 1) {
    const before: Unadmitted = run;
    const verdict = await parked(deps, before, () => judge(deps, before));
    if (verdict === 'stays') return run;
    const moved = await moveRun(deps, before, verdict.next, verdict.alongside);
    if (moved.outcome === 'moved') await verdict.afterwards?.();
    run = moved.outcome === 'moved' ? moved.run : ((await readRun(deps.runs, before.id)) ?? before);
    // A run that begins to wait looks once more: what it waits for may have come before anybody knew that it waits.
    if (moved.outcome === 'moved' && !looksAgain(before, run)) return run;
  }
  return run;
}

const looksAgain = (before: Unadmitted, run: Run): boolean =>
  run.status === 'gathering' && (before.status !== 'gathering' || run.awaits !== before.awaits);
