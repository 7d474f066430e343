import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf, PermanentError } from '../../../shared/errors.ts';
import type { RunStatus } from '../../../shared/runs/run/run.ts';
import { interruptedCode, interruption } from '../../local/interrupt-signal.ts';
import type { Print } from '../print/outcome.ts';
import { openWatchView, type WatchView } from '../print/watch-view.ts';
import { type Look, type Watcher, watcherOf, watcherOfAll } from '../queries/watched-runs.ts';
import { explained } from '../world/aws-errors.ts';
import type { World } from '../world/world.ts';

interface Which {
  readonly runOrKey?: string;
  readonly rule?: string;
  readonly untilDone?: boolean;
  readonly json?: boolean;
}

/** A look costs a stage a few reads of its table, and a folder nothing. */
const everyMs = { stage: 3000, folder: 300 };
/** In a row; a stage may be watched for days, over a network that is gone for a minute now and then. */
const mostFailures = 20;
/** With `--until-done` the exit code tells a script whether all went well. */
const badEnds: ReadonlySet<RunStatus> = new Set(['failed', 'rejected', 'cancelled']);

/** Shows the runs until Ctrl-C, or until none is open. Returns the exit code. */
export async function watch(world: World, which: Which, print: Print): Promise<number> {
  const { runOrKey, rule, untilDone = runOrKey !== undefined, json = false } = which;
  const look = runOrKey === undefined ? await watcherOfAll(world, rule) : await watcherOf(world, runOrKey);
  const interrupted = interruption();
  const view = openWatchView(print, world, json);
  let [code, hasSeen] = [0, false];
  try {
    while (!interrupted.signal.aborted) {
      const seen = await patiently(look, view, interrupted.signal);
      if (seen === undefined) break;
      view.show(seen);
      hasSeen ||= seen.open.length + seen.ended.length > 0;
      if (seen.ended.some((run) => badEnds.has(run.status) && run.nextRunId === undefined)) code = 1;
      if (untilDone && seen.open.length + seen.further === 0) {
        if (!hasSeen && !json) view.say('Nothing is open.');
        return code;
      }
      await pause(world.isStage ? everyMs.stage : everyMs.folder, interrupted.signal);
    }
    // Without --until-done there is no other end than this one.
    return untilDone ? interruptedCode : 0;
  } finally {
    view.close();
    interrupted.forget();
  }
}

/** A look that fails is repeated: what is watched goes on meanwhile. Undefined: interrupted. */
async function patiently(look: Watcher, view: WatchView, signal: AbortSignal): Promise<Look | undefined> {
  for (let failures = 1; !signal.aborted; failures += 1) {
    try {
      return await look();
    } catch (thrown) {
      const error = explained(thrown);
      // An error with advice for the user does not go away by waiting.
      if (error instanceof PermanentError || failures === mostFailures) throw error;
      if (failures === 1) view.say(`Could not look just now, so it is tried again: ${messageOf(error)}`);
      await pause(everyMs.stage, signal);
    }
  }
  return undefined;
}

const pause = (ms: number, signal: AbortSignal): Promise<void> => sleep(ms, undefined, { signal }).catch(() => {});
