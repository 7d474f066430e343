import type { MeasuredMedia } from '../../inspect/measured-media.ts';
import type { InputObject } from '../run/run.ts';
import { rejectedBecause } from '../run/upload.ts';
import { type Admitted, admitted } from './admitted.ts';
import { awaitRestored, type Found } from './await-restored.ts';
import type { IngestDeps } from './deps.ts';
import { judgeContent } from './judge-content.ts';
import { rejected, type Unadmitted, type Verdict } from './verdict.ts';

/** Several inputs of one run: it goes on when each of them can be read and is fit, and names the first that is not. */
export async function judgeInputs(
  deps: IngestDeps,
  run: Unadmitted,
  known: Admitted,
  objects: readonly InputObject[],
): Promise<Verdict> {
  const found: Found[] = [];
  for (const object of objects) {
    const head = await deps.uploads.head(object.key, { versionId: object.versionId });
    const unusable = rejectedBecause({ bucket: run.upload.bucket, ...object }, head);
    if (unusable !== undefined || head === undefined) return rejected(`of its input ${object.key}: ${unusable ?? ''}`);
    found.push({ object: { ...object, etag: head.etag, size: head.size }, head });
  }
  const input = { kind: 'objects', objects: found.map(({ object }) => object) } as const;
  const restoring = await awaitRestored(deps, run, { ...known, input }, found);
  if (restoring !== undefined) return restoring;
  const media: MeasuredMedia[] = [];
  for (const object of input.objects) {
    const content = await judgeContent(deps, object, known.rule);
    if ('reason' in content) return rejected(`of its input ${object.key}: ${content.reason}`);
    media.push(content.media);
  }
  const bytes = input.objects.reduce((sum, { size }) => sum + (size ?? 0), 0);
  return admitted(deps, { ...known, input, media: together(media) }, bytes);
}

/** Sums where every part is known. */
function together(all: readonly MeasuredMedia[]): MeasuredMedia {
  const sum = (name: 'seconds' | 'videoTracks' | 'audioTracks') => {
    const values = all.map((media) => media[name]);
    return values.every((value) => value !== undefined)
      ? { [name]: values.reduce((total, value) => total + value, 0) }
      : {};
  };
  const containers = new Set(all.map(({ container }) => container));
  const [container] = containers;
  return {
    ...(containers.size === 1 && { container }),
    ...sum('seconds'),
    ...sum('videoTracks'),
    ...sum('audioTracks'),
  };
}
