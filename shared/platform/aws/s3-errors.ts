import type { ObjectHead, Stored } from '../ports.ts';
import { isAwsError, statusOf, wasRepeated } from './errors.ts';

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
  etag: string,
  head: () => Promise<ObjectHead | undefined>,
): Promise<Stored> {
  const existing = wasRepeated(error) ? await head() : undefined;
  return existing?.etag === etag ? { outcome: 'stored', head: existing } : { outcome: 'exists' };
}

/** Adds, to the one error whose name explains nothing, what happened and what to do. */
export function explained(error: unknown, bucket: string, key: string): unknown {
  if (!isAwsError(error, 'ConditionalRequestConflict')) return error;
  return new Error(`Two writers met at ${key} in ${bucket}; S3 stored neither. The same write may be tried again.`, {
    cause: error,
  });
}

export const withoutQuotes = (etag = ''): string => etag.replace(/^"|"$/g, '');
