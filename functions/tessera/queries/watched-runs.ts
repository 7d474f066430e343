import { Missing } from '../../../shared/errors.ts';
import { findRun, runsOfKey } from '../../../shared/runs/operate/find-runs.ts';
import { readRun } from '../../../shared/runs/run/move-run.ts';
import { isEnded, type Run } from '../../../shared/runs/run/run.ts';
import { ruleIdsOf, unknownRule } from '../world/rule-ids.ts';
import type { World } from '../world/world.ts';
import { copiedShare } from './copied-share.ts';
import { openRuns, runsSince } from './open-runs.ts';

export interface Seen {
  readonly run: Run;
  /** The share of its outputs that is delivered, from 0 to 1, while the run is being delivered. */
  readonly delivered?: number;
}

export interface Look {
  readonly open: readonly Seen[];
  /** Those that have ended since the look before. */
  readonly ended: readonly Run[];
  /** More that wait, which are only counted. */
  readonly further: number;
}

/** Reads the watched runs: which are open, and which have ended since the last read. */
export type Watcher = () => Promise<Look>;

/** One run, with the attempts that follow it; or the runs of a key, the newest where all have ended. */
export async function watcherOf(world: World, idOrKey: string): Promise<Watcher> {
  const found = await findRun(world, idOrKey);
  if (found === undefined)
    throw new Missing(`There is no run ${idOrKey}, and none of a key that is called so. tessera runs lists them.`);
  const others = found.id === idOrKey ? [] : (await runsOfKey(world, idOrKey, 20)).filter((run) => !isEnded(run));
  let watched = [...new Set([found, ...others].map(({ id }) => id))];
  return async () => {
    const runs = (await Promise.all(watched.map((id) => latestOf(world, id)))).flat();
    const open = runs.filter((run) => !isEnded(run));
    watched = open.map(({ id }) => id);
    return { open: await seen(world, open), ended: runs.filter(isEnded), further: 0 };
  };
}

/** A run that has ended may have its next attempt already. */
async function latestOf({ runs }: World, runId: string): Promise<readonly Run[]> {
  const chain: Run[] = [];
  for (let id: string | undefined = runId; id !== undefined; ) {
    const run: Run | undefined = await readRun(runs, id);
    if (run !== undefined) chain.push(run);
    id = run?.nextRunId;
  }
  return chain;
}

/** The index that lists runs may lag by this much. */
const indexLagMs = 15_000;

/** All runs, or those of one rule. */
export async function watcherOfAll(world: World, rule: string | undefined): Promise<Watcher> {
  const set = rule === undefined ? undefined : await world.rules();
  const ruleIds = rule === undefined || set === undefined ? undefined : new Set(ruleIdsOf(set, rule));
  const isWatched = (run: Run) => ruleIds?.has(run.rule.id) ?? true;
  let open = new Map<string, Run>();
  let told = new Map<string, Run>();
  let lookedMs = world.clock() + indexLagMs;
  const look: Watcher = async () => {
    const since = new Date(lookedMs - indexLagMs).toISOString();
    lookedMs = world.clock();
    const known = new Map([...told, ...open]);
    const [found, begun] = await Promise.all([openRuns(world.runs, open), runsSince(world.runs, since, known)]);
    const listed = [...found.runs, ...begun].filter(({ id }) => !told.has(id));
    const here = new Map(listed.map((run) => [run.id, newer(open.get(run.id), run)]));
    // A run that left the list has ended, or moves between two lists at this moment.
    const gone = await Promise.all([...open.keys()].filter((id) => !here.has(id)).map((id) => readRun(world.runs, id)));
    for (const run of gone) if (run !== undefined) here.set(run.id, run);
    const runs = [...here.values()].filter(isWatched);
    const ended = runs.filter(isEnded);
    told = recent([...told.values(), ...ended]);
    open = new Map(runs.filter((run) => !isEnded(run)).map((run) => [run.id, run]));
    return { open: await seen(world, [...open.values()]), ended, further: found.further };
  };
  // A known rule may have no runs yet; an unknown name is an error.
  const stranger = rule === undefined || set === undefined ? undefined : unknownRule(set, rule);
  if (stranger === undefined) return look;
  const first = await look();
  if (first.open.length === 0) throw new Missing(stranger);
  return look;
}

/** The index may be older than what was read before. */
const newer = (known: Run | undefined, run: Run): Run =>
  known !== undefined && known.revision > run.revision ? known : run;

/** Those that may be listed again because the index is behind. */
const recent = (runs: readonly Run[]): Map<string, Run> => new Map(runs.slice(-2000).map((run) => [run.id, run]));

/** Reading the outputs of more runs than a screen shows is useless. */
const mostLookedInto = 40;

async function seen(world: World, runs: readonly Run[]): Promise<readonly Seen[]> {
  let lookedInto = 0;
  return Promise.all(
    runs.map(async (run) => {
      if (run.status !== 'copying' || lookedInto >= mostLookedInto) return { run };
      lookedInto += 1;
      return { run, delivered: await copiedShare(world.runs, run) };
    }),
  );
}
