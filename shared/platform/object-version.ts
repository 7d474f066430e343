import type { ObjectHead } from './ports.ts';

/** Buckets without versioning (or with it suspended) call every object's version "null". */
export const isVersioned = (versionId: string | undefined): versionId is string =>
  versionId !== undefined && versionId !== '' && versionId !== 'null';

/** As S3's own events say it: none where there are no versions. */
export const versionOf = ({ versionId }: ObjectHead): string | undefined =>
  isVersioned(versionId) ? versionId : undefined;

/** A version cannot be replaced; without one, the key may hold other bytes by now. */
export const wasReplaced = (seen: { readonly versionId?: string; readonly etag?: string }, head: ObjectHead): boolean =>
  !isVersioned(seen.versionId) && seen.etag !== undefined && seen.etag !== head.etag;
