import { afterPrefix } from '../../platform/key-range.ts';
import type { RunDeps } from '../run/deps.ts';
import { moveRun, readRun } from '../run/move-run.ts';
import { laterPk } from '../run/run-items.ts';
import { sameState } from '../run/state-fields.ts';

const atOnce = 25;

/** Lets runs whose time has come join their lines, a few at each call; true when there may be more. */
export async function joinLines(deps: RunDeps): Promise<boolean> {
  const now = new Date(deps.clock()).toISOString();
  const due = await deps.runs.query({ pk: laterPk, to: afterPrefix(now), limit: atOnce });
  for (const { runId } of due.items) {
    const run = await readRun(deps.runs, String(runId)).catch((error: unknown) => {
      deps.log.error('start.not-made', { runId, error });
    });
    if (run?.status !== 'waiting') continue;
    const { notBefore, ...waiting } = sameState(run) as typeof run;
    await moveRun(deps, run, waiting);
  }
  return due.next !== undefined;
}
