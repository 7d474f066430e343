import { randomUUID } from 'node:crypto';
import { constants, createWriteStream } from 'node:fs';
import { copyFile, mkdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, extname, join, parse } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import * as z from 'zod';
import type { Log } from '../../shared/log.ts';
import { parseObjectCreated } from '../../shared/platform/events.ts';
import type { LocalBucket } from '../../shared/platform/local/index.ts';
import type { Table } from '../../shared/platform/ports.ts';
import { readText } from '../../shared/runs/read-text.ts';
import { freePaths, reservePath } from './result-names.ts';

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
  outputs: z.array(z.object({ key: z.string() })),
});
type Manifest = z.infer<typeof manifestSchema>;
type Placed = { key: string; path: string };

/** Listens to the deliveries bucket as any consumer would: a run's manifest says that its outputs are complete. */
export const resultsHandler =
  (deps: ResultsDeps) =>
  async (event: SQSEvent): Promise<SQSBatchResponse | undefined> => {
    for (const { body } of event.Records)
      for (const { key } of parseObjectCreated(JSON.parse(body)))
        if (/(^|\/)manifest(-\d+)?\.json$/.test(key)) await placeResults(deps, key);
    return undefined;
  };

/** The files that a run's results became, once they are all in place. */
export async function placedResults(remembered: Table, runId: string): Promise<readonly string[] | undefined> {
  const item = await remembered.get(placedKey(runId));
  return item?.done === true ? (item.files as unknown as Placed[]).map(({ path }) => path) : undefined;
}

const placedKey = (runId: string) => ({ pk: `PLACED#${runId}`, sk: 'PLACED' });

async function placeResults(deps: ResultsDeps, manifestKey: string): Promise<void> {
  const manifest = manifestSchema.parse(JSON.parse(await readText(deps.deliveries, manifestKey)));
  const key = placedKey(manifest.runId);
  // The names are chosen once and kept, or a repeat after a crash would choose new ones beside its own files.
  const known = await deps.remembered.get(key);
  // What is there now is the user's, also when it is no longer what we put there.
  if (known?.done === true) return;
  const files = (known?.files as unknown as Placed[] | undefined) ?? (await chooseNames(deps, manifest, manifestKey));
  if (!known) await deps.remembered.write({ put: { ...key, type: 'placed-results', files: [...files], done: false } });
  for (const file of files) await place(deps.deliveries, file);
  await deps.remembered.write({ update: key, set: { done: true } }, ...freePaths(files.map(({ path }) => path)));
  deps.log.info('results.placed', { runId: manifest.runId, files: files.length });
}

async function chooseNames(deps: ResultsDeps, manifest: Manifest, manifestKey: string): Promise<Placed[]> {
  const { key, versionId } = manifest.input;
  const { metadata = {} } = (await deps.uploads.head(key, { versionId })) ?? {};
  const folder = metadata[outFolderMetadata];
  const keys = manifest.outputs.map((output) => output.key);
  if (folder === undefined)
    return [...keys, manifestKey].map((each) => ({ key: each, path: join(deps.folder, ...segments(each)) }));
  const name = decodeURIComponent(metadata[outNameMetadata] ?? encodeURIComponent(parse(key).name));
  const placed: Placed[] = [];
  for (const each of keys) {
    const wanted = join(decodeURIComponent(folder), `${name}${extname(each)}`);
    const taken = new Set(placed.map(({ path }) => path));
    placed.push({ key: each, path: await reservePath(deps.remembered, manifest.runId, wanted, taken) });
  }
  return placed;
}

/** A key's parts as file names: what a file system would take for more than a name is made harmless. */
const segments = (key: string): string[] =>
  key
    .split('/')
    .map((part) => (part === '' || part === '.' || part === '..' ? `_${part}` : part.replace(/[\\\0]/g, '_')));

/** Whole or not at all: a copy under a temporary name, then a rename. */
async function place(bucket: LocalBucket, { key, path }: Placed): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const temporary = join(dirname(path), `.${basename(path)}.${randomUUID().slice(0, 8)}.part`);
  try {
    const source = await bucket.localPath(key);
    if (source) await copyFile(source, temporary, constants.COPYFILE_FICLONE);
    else await pipeline((await bucket.read(key)).body, createWriteStream(temporary));
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
