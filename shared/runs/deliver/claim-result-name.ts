import type { Item, Key, Table, Write } from '../../platform/ports.ts';
import { videosOf } from '../run/attachments.ts';
import type { RunDeps } from '../run/deps.ts';
import { moveRun, readRun } from '../run/move-run.ts';
import { readResultNames } from '../run/result-names.ts';
import type { Copying } from '../run/run.ts';
import { namePk } from '../run/run-items.ts';
import { sameState } from '../run/state-fields.ts';
import { copyingBeganAt } from './copying-began-at.ts';
import { resultStem } from './result-stem.ts';

/** Far more than the jumps below need; a run that loses this many races is retried with its message. */
const maxTries = 200;

/**
 * Gives a run the name of its results, before the first of them is copied: `tighten/talk`, else `tighten/talk-2` and so
 * on. The claim and the run's own record are one write, and a claim never expires: no two runs get one name, whatever
 * repeats or crashes, and a deleted result's name is not used again. A run with several videos also owns
 * `<name>-clip-<number>`. Returns the run as it is now; undefined when it is no longer copying.
 */
export async function claimResultName(deps: RunDeps, run: Copying): Promise<Copying | undefined> {
  if (run.resultName !== undefined || run.rule.deliver?.key !== undefined) return run;
  // Copies were requested before: what is delivered already has the older names.
  if (run.checkAfter !== copyingBeganAt(run)) return run;
  if ((await readResultNames(deps.runs)) !== 'input') return run;
  const wanted = resultStem(run);
  let number = await firstFreeNumber(deps.runs, wanted);
  let taken = 0;
  for (let tries = 0; tries < maxTries; tries += 1) {
    const stem = number === 1 ? wanted : `${wanted}-${number}`;
    const claim = await claimWrites(deps.runs, run, stem);
    if (claim === undefined) {
      taken += 1;
      number += stepAfter(taken);
      continue;
    }
    const moved = await moveRun(deps, run, { ...sameState(run), resultName: stem }, claim);
    if (moved.outcome === 'moved') {
      if (number > 1) await noteNumber(deps.runs, wanted, number);
      return moved.run;
    }
    // Somebody wrote the run: it may have its name by now, or be over.
    if (moved.outcome === 'changed') return stillCopying(deps, run);
    // Another run claimed this name, or one beside it, in the same moment: look again.
  }
  throw new Error(
    `Run ${run.id} found no free name for its results after ${maxTries} tries, the last one ${wanted}-${number}.`,
  );
}

/**
 * The next number at first, then jumps that double: uploads called `talk-2` to `talk-900` must not keep a second `talk`
 * from finding a name.
 */
const stepAfter = (taken: number): number => (taken < 5 ? 1 : 2 ** (taken - 4));

async function stillCopying({ runs }: RunDeps, { id }: Copying): Promise<Copying | undefined> {
  const now = await readRun(runs, id);
  if (now?.status !== 'copying') return undefined;
  if (now.resultName !== undefined) return now;
  throw new Error(`Run ${id} was written by another worker while its results were named. Retry.`);
}

/** The writes that give a stem to a run; undefined when it is taken, or would meet the clips of another. */
async function claimWrites(runs: Table, run: Copying, stem: string): Promise<readonly Write[] | undefined> {
  const hasClips = videosOf(run.expected).length > 1;
  const root = rootOf(stem);
  const rootKey: Key = { pk: namePk(root), sk: 'NAME' };
  const found = await runs.get(rootKey);
  const owner = { runId: run.id, ...(hasClips && { clips: true }) };
  if (await isTaken(runs, { stem, root, hasClips, found })) return undefined;
  const revision = Number(found?.revision ?? 0) + 1;
  const guard = found === undefined ? 'absent' : { revision: Number(found.revision) };
  const isRoot = stem === root;
  const item: Item = { ...found, ...rootKey, type: 'name', revision, ...(isRoot && owner) };
  const child: Write[] = isRoot
    ? []
    : [{ put: { pk: rootKey.pk, sk: `CLIP#${stem}`, type: 'name', ...owner }, if: 'absent' }];
  return [{ put: item, if: guard }, ...child];
}

interface Wanted {
  readonly stem: string;
  readonly root: string;
  readonly hasClips: boolean;
  readonly found?: Item;
}

async function isTaken(runs: Table, { stem, root, hasClips, found }: Wanted): Promise<boolean> {
  if (stem === root && found?.runId !== undefined) return true;
  if (stem !== root) {
    const parent = stem.replace(clipSuffix, '');
    const owner = parent === root ? found : await runs.get({ pk: namePk(root), sk: `CLIP#${parent}` });
    if (owner?.clips === true) return true;
    if ((await runs.get({ pk: namePk(root), sk: `CLIP#${stem}` })) !== undefined) return true;
  }
  if (!hasClips) return false;
  const clips = await runs.query({ pk: namePk(root), prefix: `CLIP#${stem}-clip-`, limit: 1 });
  return clips.items.length > 0;
}

const clipSuffix = /-clip-\d+$/;

/** `talk` of `talk-clip-1` and of `talk-clip-1-clip-2`. */
export function rootOf(stem: string): string {
  const parent = stem.replace(clipSuffix, '');
  return parent === stem ? stem : rootOf(parent);
}

/** Where the search begins, so that the thousandth upload of one name does not ask for 999 that are taken. */
async function firstFreeNumber(runs: Table, wanted: string): Promise<number> {
  const item = await runs.get(numberKey(wanted));
  return item === undefined ? 1 : Number(item.last) + 1;
}

/** Only a hint: two runs may write it out of order, and the claims decide. */
async function noteNumber(runs: Table, wanted: string, number: number): Promise<void> {
  await runs.write({ put: { ...numberKey(wanted), type: 'name-number', last: number } });
}

const numberKey = (wanted: string): Key => ({ pk: namePk(wanted), sk: 'LAST' });
