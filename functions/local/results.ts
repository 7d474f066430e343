import { randomUUID } from 'node:crypto';
import { constants, createWriteStream } from 'node:fs';
import { chmod, copyFile, mkdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, extname, join, parse, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import * as z from 'zod';
import type { Log } from '../../shared/log.ts';
import { parseObjectCreated } from '../../shared/platform/events.ts';
import type { LocalBucket } from '../../shared/platform/local/index.ts';
import type { Table } from '../../shared/platform/ports.ts';
import { readText } from '../../shared/platform/read-text.ts';
import { freePaths, reservePath } from './reserve-result-names.ts';

export interface ResultsDeps {
  readonly deliveries: LocalBucket;
  readonly uploads: LocalBucket;
  /** Where the plan of each export is kept, so that a repeat writes the same files again and no others. */
  readonly remembered: Table;
  readonly log: Log;
  /** Where results go when the upload does not name a folder of its own. */
  readonly folder: string;
}

/** What an upload's metadata says of its results: set by `npm start -- FILE`. */
export const outFolderMetadata = 'out-folder';
export const outNameMetadata = 'out-name';

const manifestSchema = z.object({
  runId: z.string(),
  input: z.object({ key: z.string(), versionId: z.string().optional() }),
  /** The run that delivered a part of these before. */
  redelivers: z.string().optional(),
  outputs: z.array(
    z.object({
      key: z.string(),
      outputId: z.string().optional(),
      kind: z.string().optional(),
      of: z.string().optional(),
    }),
  ),
});
type Manifest = z.infer<typeof manifestSchema>;
type Output = Manifest['outputs'][number];
/** `kind`: what it is where it is no video; `before`: another run put it there, and it is not written again. */
type Placed = { readonly key: string; readonly path: string; readonly kind?: string; readonly before?: boolean };

/** Listens to the deliveries bucket as any consumer would: a run's manifest says that its outputs are complete. */
export const resultsHandler =
  (deps: ResultsDeps) =>
  async (event: SQSEvent): Promise<SQSBatchResponse | undefined> => {
    for (const { body } of event.Records)
      for (const { key } of parseObjectCreated(JSON.parse(body)))
        if (/(^|[/.])manifest(-\d+)?\.json$/.test(key)) await placeResults(deps, key);
    return undefined;
  };

/** The videos that a run's results became, once all files are in place, without the files that belong to them. */
export async function placedResults(remembered: Table, runId: string): Promise<readonly string[] | undefined> {
  const placed = await placedFiles(remembered, runId);
  return placed?.filter(({ kind, path }) => kind === undefined && !path.endsWith('.json')).map(({ path }) => path);
}

async function placedFiles(remembered: Table, runId: string): Promise<readonly Placed[] | undefined> {
  const item = await remembered.get(placedKey(runId));
  return item?.done === true ? (item.files as unknown as Placed[]) : undefined;
}

const placedKey = (runId: string) => ({ pk: `PLACED#${runId}`, sk: 'PLACED' });

async function placeResults(deps: ResultsDeps, manifestKey: string): Promise<void> {
  const manifest = manifestSchema.parse(JSON.parse(await readText(deps.deliveries, manifestKey)));
  const key = placedKey(manifest.runId);
  // The names are chosen once and kept, or a repeat after a crash would choose new ones beside its own files.
  const known = await deps.remembered.get(key);
  // The files are the user's now: a changed or deleted one is not written again.
  if (known?.done === true) return;
  const files = (known?.files as unknown as Placed[] | undefined) ?? (await chooseNames(deps, manifest, manifestKey));
  if (!known) await deps.remembered.write({ put: { ...key, type: 'placed-results', files: [...files], done: false } });
  const own = files.filter(({ before }) => before !== true);
  for (const file of own) await place(deps, file);
  await deps.remembered.write({ update: key, set: { done: true } }, ...freePaths(own.map(({ path }) => path)));
  deps.log.info('results.placed', { runId: manifest.runId, files: own.length });
}

async function chooseNames(deps: ResultsDeps, manifest: Manifest, manifestKey: string): Promise<Placed[]> {
  const { key, versionId } = manifest.input;
  const { metadata = {} } = (await deps.uploads.head(key, { versionId })) ?? {};
  const before = await placedBefore(deps, manifest);
  const folder = metadata[outFolderMetadata];
  if (folder === undefined)
    return [...manifest.outputs, { key: manifestKey, kind: 'manifest' }].map(
      (each) => before.get(each.key) ?? placedAs(each, join(deps.folder, ...segments(each.key))),
    );
  const name = decodeURIComponent(metadata[outNameMetadata] ?? encodeURIComponent(parse(key).name));
  return namedIn(deps, manifest, join(decodeURIComponent(folder), name), before);
}

/** What another run of the same agent run has put there is not put there twice. */
async function placedBefore({ remembered }: ResultsDeps, { redelivers }: Manifest): Promise<Map<string, Placed>> {
  const files = redelivers === undefined ? [] : ((await placedFiles(remembered, redelivers)) ?? []);
  return new Map(files.map((file) => [file.key, { ...file, before: true }]));
}

/**
 * Videos first, since what belongs to one is called after it. Whoever names a folder for a video's edit has no use for a
 * picture of it there; that lies among the deliveries.
 */
async function namedIn(
  { remembered }: ResultsDeps,
  { runId, outputs }: Manifest,
  stem: string,
  before: ReadonlyMap<string, Placed>,
): Promise<Placed[]> {
  const placed: Placed[] = [];
  const videoPaths = new Map<string | undefined, string>();
  const asked = outputs.filter(({ kind }) => kind !== 'thumbnail');
  for (const output of asked.sort((a, b) => Number(isBeside(a)) - Number(isBeside(b)))) {
    const wanted = isBeside(output)
      ? `${withoutExtension(videoPaths.get(output.of) ?? stem)}.${output.kind}${extname(output.key)}`
      : `${stem}${extname(output.key)}`;
    const taken = new Set(placed.map(({ path }) => path));
    const file = before.get(output.key) ?? placedAs(output, await reservePath(remembered, runId, wanted, taken));
    if (!isBeside(output)) videoPaths.set(output.outputId, file.path);
    placed.push(file);
  }
  return placed;
}

const isBeside = ({ kind = 'video' }: Output): boolean => kind !== 'video';

const placedAs = (output: Output, path: string): Placed => ({
  key: output.key,
  path,
  ...(isBeside(output) && { kind: output.kind }),
});

const withoutExtension = (path: string): string => path.slice(0, path.length - extname(path).length);

/** A key's parts as file names: what a file system would take for more than a name is made harmless. */
const segments = (key: string): string[] =>
  key
    .split('/')
    .map((part) => (part === '' || part === '.' || part === '..' ? `_${part}` : part.replace(/[\\\0]/g, '_')));

/** Writes a result whole or not at all: under a temporary name, then renamed. */
async function place(deps: ResultsDeps, { key, path }: Placed): Promise<void> {
  const isPrivate = path.startsWith(deps.folder + sep);
  await mkdir(dirname(path), { recursive: true, ...(isPrivate && { mode: 0o700 }) });
  const temporary = join(dirname(path), `.${basename(path)}.${randomUUID().slice(0, 8)}.part`);
  try {
    const source = await deps.deliveries.localPath(key);
    if (source) await copyFile(source, temporary, constants.COPYFILE_FICLONE);
    else await pipeline((await deps.deliveries.read(key)).body, createWriteStream(temporary));
    // A copy has the mode of the store's file; in a folder of the user's it gets that of any new file.
    await chmod(temporary, isPrivate ? 0o600 : 0o666 & ~process.umask());
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
