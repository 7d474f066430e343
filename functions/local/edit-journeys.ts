import { basename, parse } from 'node:path';
import { describeRun } from '../../shared/runs/operate/describe-run.ts';
import { runsOfUpload } from '../../shared/runs/operate/find-runs.ts';
import { isEnded, type Run, type Upload } from '../../shared/runs/run/run.ts';
import { checkFile, contentTypeOf, identityOf } from './put-upload.ts';
import { outFolderMetadata, outNameMetadata, placedResults } from './results.ts';
import { fractionOf, stateOf } from './run-progress.ts';
import type { LocalWorld } from './start-local.ts';

/** One file on its way: what was put into the uploads bucket for it. */
export interface Journey {
  readonly path: string;
  readonly upload: Upload;
  /** An earlier start put it there and did not see its end. */
  readonly continued: boolean;
}

/** Where a journey is: `fraction` from 0 to 1, `state` in words; once `ended`, the videos and what is missing, or why there are none. */
export interface Standing {
  readonly fraction: number;
  readonly state: string;
  readonly ended?:
    | { readonly files: readonly string[]; readonly missing: readonly string[] }
    | { readonly reason: string };
}

/** Puts the file into the uploads bucket, unless an earlier start did and its end was not printed yet. */
export async function beginJourney(
  world: LocalWorld,
  path: string,
  agent: string,
  outFolder: string,
): Promise<Journey> {
  const key = keyOf(agent, path);
  const source = identityOf(path, await checkFile(path));
  const metadata = {
    source,
    [outFolderMetadata]: encodeURIComponent(outFolder),
    [outNameMetadata]: encodeURIComponent(`${parse(path).name}-${agent}`),
  };
  const there = await world.uploads.head(key);
  const same = there?.metadata.source === source && there.metadata[outFolderMetadata] === metadata[outFolderMetadata];
  if (there && same) {
    const journey = { path, upload: asUpload(world, there), continued: true };
    if (await isUnseen(world, journey)) return journey;
  }
  const head = await world.uploads.importFile(key, path, { contentType: contentTypeOf(path), metadata });
  return { path, upload: asUpload(world, head), continued: false };
}

/** Where `npm start -- FILE` puts a file: into its agent's folder. */
export const keyOf = (agent: string, path: string): string => `${agent}/${basename(path)}`;

/** From now on the same command is a new wish, not the rest of the old one. */
export async function markTold({ remembered }: LocalWorld, { upload }: Journey): Promise<void> {
  await remembered.write({ put: { ...toldKey(upload), type: 'told' } });
}

const toldKey = ({ versionId }: Upload) => ({ pk: `TOLD#${versionId}`, sk: 'TOLD' });

/** Under way, or done when the program was killed. A failure that was not printed is tried again. */
async function isUnseen(world: LocalWorld, journey: Journey): Promise<boolean> {
  const { ended } = await standingOf(world, journey);
  if (ended && 'reason' in ended) return false;
  return ended === undefined || (await world.remembered.get(toldKey(journey.upload))) === undefined;
}

const asUpload = (
  world: LocalWorld,
  { key, versionId, etag, size }: { key: string; versionId: string; etag: string; size: number },
): Upload => ({ bucket: world.uploads.name, key, versionId, etag, size });

export async function standingOf(world: LocalWorld, journey: Journey): Promise<Standing> {
  // Each rule that takes the upload has a run of its own; what is still open, or went wrong, is told first.
  const runs = await runsOfUpload(world.runs, journey.upload);
  const run = runs.find((each) => !isEnded(each)) ?? runs.find(({ status }) => status !== 'delivered') ?? runs[0];
  if (run === undefined) return { fraction: 0, state: 'uploaded' };
  if (run.status !== 'delivered')
    return {
      fraction: fractionOf(run),
      state: stateOf(run),
      ...(isEnded(run) && { ended: { reason: reasonOf(run) } }),
    };
  const placed = await Promise.all(runs.map(({ id }) => placedResults(world.remembered, id)));
  if (placed.includes(undefined)) return { fraction: 0.99, state: 'saving' };
  const files = placed.flatMap((each) => each ?? []);
  const missing = runs.flatMap(missingOf);
  return { fraction: 1, state: run.partial ? 'done in part' : 'done', ended: { files, missing } };
}

/** What was made and could not be delivered, with what can be done about it. */
const missingOf = (run: Run): readonly string[] =>
  run.status === 'delivered'
    ? (run.failedOutputs ?? []).map(({ reason }) => `not delivered: ${reason} To try again: tessera redrive ${run.id}`)
    : [];

const reasonOf = (run: Run): string => ('reason' in run && run.reason ? run.reason : describeRun(run));
