import { Conflict, Denied } from '../../errors.ts';
import type { ObjectHead, Stored } from '../ports.ts';
import { isAwsError, statusOf, wasRepeated } from './errors.ts';
import type { S3Place } from './s3-place.ts';

/** 405 is S3's answer for a version that is a delete marker. */
export const isAbsent = (error: unknown): boolean => {
  if (isAwsError(error, 'NoSuchKey', 'NoSuchVersion', 'NotFound')) return true;
  return isAwsError(error) && statusOf(error) === 405;
};

export const isPreconditionFailed = (error: unknown): boolean =>
  isAwsError(error, 'PreconditionFailed') || (isAwsError(error) && statusOf(error) === 412);

/**
 * `exists`, unless the SDK's first try stored the object and lost the answer: then what is in the way is our own.
 */
export async function ownRepeat(
  error: unknown,
  own: { readonly etag: string; readonly size: number; readonly crc32c?: string },
  head: () => Promise<ObjectHead | undefined>,
): Promise<Stored> {
  const existing = wasRepeated(error) ? await head() : undefined;
  return existing && isOwn(existing, own) ? { outcome: 'stored', head: existing } : { outcome: 'exists' };
}

/** Of what a KMS key encrypts, the ETag is no MD5, so it never is what we expect; the checksum is. */
const isOwn = (existing: ObjectHead, own: { etag: string; size: number; crc32c?: string }): boolean =>
  existing.etag === own.etag ||
  (own.crc32c !== undefined && existing.crc32c === own.crc32c && existing.size === own.size);

interface Asked {
  readonly place: S3Place;
  readonly key: string;
  /** The permission that it takes. */
  readonly action: string;
}

/** The error itself or, where its name explains nothing, one that says what happened and what to do. */
export function explained(error: unknown, { place, key, action }: Asked): unknown {
  const bucket = place.name;
  if (isAwsError(error, 'ConditionalRequestConflict'))
    return new Conflict(
      `Two writers met at ${key} in ${bucket}; S3 stored neither. The same write may be tried again.`,
      {
        cause: error,
      },
    );
  if (isAwsError(error, 'InvalidObjectState'))
    return new Error(`${key} in ${bucket} is archived: it can be read once it has been restored.`, { cause: error });
  if (isAwsError(error, 'PermanentRedirect', 'AuthorizationHeaderMalformed') || statusOf(error) === 301)
    return new Error(`The bucket ${bucket} is in another region than the one it was looked for in. Set its region.`, {
      cause: error,
    });
  if (!isDenial(error)) return error;
  return new Denied(
    `S3 does not let us at ${key} in ${bucket}. Check that this role has ${action} there${forHead(action)}, that neither the bucket's policy nor an access point forbids it${belongsTo(place.owner)}, and, where the bucket is encrypted with a KMS key, that the key's policy lets this role use it.`,
    { cause: error },
  );
}

const belongsTo = (owner: string | undefined): string =>
  owner === undefined ? '' : `, that the bucket belongs to the account ${owner}`;

/** S3 answers HEAD without a body, so its error has no name of its own. Clocks and keys that are wrong are not ours. */
function isDenial(error: unknown): boolean {
  if (!isAwsError(error)) return false;
  if (error.name.startsWith('KMS.')) return true;
  return statusOf(error) === 403 && !notAboutPermissions.has(error.name);
}

const notAboutPermissions = new Set(['RequestTimeTooSkewed', 'SignatureDoesNotMatch', 'InvalidAccessKeyId']);

/** Without the right to list, S3 does not tell that an object is not there: it answers 403 instead of 404. */
const forHead = (action: string): string =>
  action.startsWith('s3:GetObject') ? ' and s3:ListBucket on the bucket' : '';

export const withoutQuotes = (etag = ''): string => etag.replace(/^"|"$/g, '');
