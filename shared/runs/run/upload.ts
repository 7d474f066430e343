import { isVersioned, wasReplaced } from '../../platform/object-version.ts';
import type { ObjectHead } from '../../platform/ports.ts';
import type { Upload } from './run.ts';

/** The largest file that the API accepts by link. */
export const maxUploadBytes = 5 * 1024 ** 3;

/** Metadata of every delivered object. An upload that has it is one of our own outputs. */
export const runIdMetadata = 'tessera-run-id';
export const outputIdMetadata = 'tessera-output-id';

/** Metadata of every delivered object: how often its video went through a pipeline, and the first run of that chain. */
export const hopsMetadata = 'tessera-hops';
export const rootRunIdMetadata = 'tessera-root-run-id';

/**
 * Identifies an object version: a repeated event has the same identity, an overwritten key a new one. In a bucket without
 * versions the content is the identity, so changed tags or metadata do not make a new one.
 */
export function uploadIdentity({ bucket, key, versionId, etag, size }: Upload): string {
  const version = isVersioned(versionId) ? versionId : `${etag ?? ''}+${size ?? ''}`;
  return `${bucket}/${key}#${version}`;
}

const leftovers: readonly [pattern: RegExp, reason: string][] = [
  [/^\.DS_Store$|^Thumbs\.db$|^desktop\.ini$/i, 'it is a file that a desktop leaves behind, not a video.'],
  [/^\._/, 'it is a side file of macOS, not the video itself.'],
  [/^~\$/, 'it is the lock file of an open document, not a video.'],
  [/^\.~lock\./, 'it is the lock file of an open document, not a video.'],
  [/\.(part|partial|filepart|crdownload|download|tmp|temp)$/i, 'its name says that it is still being transferred.'],
  [/^\./, 'its name begins with a dot, so it is hidden. Rename it to have it edited.'],
];

/** Why an upload's name shows that it is not a video; undefined if it may be one. */
export function ignoredBecause({ key }: Upload): string | undefined {
  if (key.endsWith('/')) return 'it is a folder marker, not a video.';
  const name = key.slice(key.lastIndexOf('/') + 1);
  return leftovers.find(([pattern]) => pattern.test(name))?.[1];
}

/** Why the API would not accept an upload; undefined if it may. */
export function rejectedBecause(upload: Upload, head: ObjectHead | undefined): string | undefined {
  if (head === undefined) return 'it was deleted before it could be read. Upload it again.';
  if (wasReplaced(upload, head))
    return 'it was replaced before it could be read; what replaced it has a run of its own.';
  if (head.size === 0) return 'it is empty (0 bytes). Upload it again.';
  if (head.size > maxUploadBytes)
    return `it has ${(head.size / 1024 ** 3).toFixed(1)} GiB, more than the 5 GiB that the API takes. Upload a smaller encode.`;
  return undefined;
}

/**
 * Whether this upload of a key came before the other, by the sequencer of S3's events: hexadecimal, the shorter one
 * padded with zeros on the right. Undefined if the sequencers cannot tell.
 */
export function cameBefore(upload: Upload, other: Upload): boolean | undefined {
  const [one, two] = [upload.sequencer, other.sequencer];
  if (one === undefined || two === undefined) return undefined;
  const length = Math.max(one.length, two.length);
  const [a, b] = [one, two].map((text) => text.toLowerCase().padEnd(length, '0')) as [string, string];
  return a === b ? undefined : a < b;
}
