import { versionOf } from '../../platform/object-version.ts';
import type { InputObject, Lineage } from '../run/run.ts';
import { rejectedBecause } from '../run/upload.ts';
import type { IngestDeps } from './deps.ts';
import { maxManifestBytes, parseManifest } from './input-manifest.ts';
import { keyWrites } from './join-group.ts';
import { judgeInputs } from './judge-inputs.ts';
import { keepWaiting } from './keep-waiting.ts';
import { isVerdict, lineageOf } from './lineage.ts';
import { readSmallText } from './read-sidecar.ts';
import { resolved } from './settings.ts';
import { outdated } from './superseded-versions.ts';
import { rejected, type Unadmitted, type Verdict } from './verdict.ts';

/** A list of inputs for one run: it waits until all of them are there, then each is judged as an upload is. */
export async function judgeManifest(deps: IngestDeps, run: Unadmitted): Promise<Verdict | 'stays'> {
  const { upload } = run;
  const passedOver = run.status === 'claimed' ? await outdated(deps, run) : undefined;
  if (passedOver !== undefined) return passedOver;
  const head = await deps.uploads.head(upload.key, { versionId: upload.versionId });
  const unusable = rejectedBecause(upload, head);
  if (unusable !== undefined || head === undefined) return rejected(unusable ?? '');
  const text = await readSmallText(deps.uploads, upload.key, maxManifestBytes, upload.versionId);
  if (text === undefined) return rejected('it was deleted before it could be read. Upload it again.');
  const { inputs, settings } = parseManifest(upload.key, text);
  const { found, missing, lineage } = await lookFor(deps, inputs);
  if (isVerdict(lineage)) return lineage;
  const [first] = missing;
  if (first !== undefined) {
    const words = `its manifest names ${missing.slice(0, 5).join(', ')}, which did not come.`;
    return keepWaiting(deps, run, { awaits: first, members: found, missing: words });
  }
  const known = { upload: { ...upload, etag: head.etag, size: head.size }, lineage };
  const verdict = await judgeInputs(
    deps,
    run,
    { ...known, ...resolved(run, upload, head.metadata, [settings]) },
    found,
  );
  const keys = [...new Set(found.map(({ key }) => key))];
  return { ...verdict, alongside: keyWrites(upload.bucket, keys, run, found) };
}

interface Looked {
  readonly found: readonly InputObject[];
  readonly missing: readonly string[];
  readonly lineage?: Lineage | Verdict;
}

/** Which inputs are there, each bound to its version; the longest way that one of them came counts for all. */
async function lookFor(deps: IngestDeps, inputs: readonly InputObject[]): Promise<Looked> {
  const found: InputObject[] = [];
  const missing: string[] = [];
  let lineage: Lineage | undefined;
  for (const input of inputs) {
    const head = await deps.uploads.head(input.key, { versionId: input.versionId });
    if (head === undefined) {
      missing.push(input.key);
      continue;
    }
    const came = await lineageOf(deps, head.metadata);
    if (isVerdict(came)) {
      // A manifest names our output on purpose; only a loop over several pipelines is stopped.
      if (came.next.status === 'rejected') return { found, missing, lineage: came };
    } else if (came !== undefined && came.hops > (lineage?.hops ?? 0)) lineage = came;
    found.push({ ...input, versionId: input.versionId ?? versionOf(head), etag: head.etag, size: head.size });
  }
  return { found, missing, lineage };
}
