import { ListObjectsV2Command } from '@aws-sdk/client-s3';
import type { Bucket } from '../ports.ts';
import { explained, withoutQuotes } from './s3-errors.ts';
import { classOf } from './s3-heads.ts';
import type { S3Place } from './s3-place.ts';

/** A page goes on from its last key and not from a token of S3's, so that it can be gone on from days later. */
export function listsObjects(place: S3Place): Bucket['list'] {
  return async ({ prefix = '', after, limit = 1000 } = {}) => {
    const command = new ListObjectsV2Command({
      ...place.bucket,
      Prefix: prefix,
      MaxKeys: Math.max(1, Math.min(limit, 1000)),
      // XML has no way to write some of the characters that a key may have.
      EncodingType: 'url',
      ...(after !== undefined && after !== '' && { StartAfter: after }),
    });
    const {
      Contents = [],
      IsTruncated,
      EncodingType,
    } = await place.s3.send(command).catch((error) => {
      throw explained(error, { place, key: `${prefix}*`, action: 's3:ListBucket' });
    });
    const objects = Contents.map(({ Key = '', Size = 0, ETag, LastModified = new Date(0), StorageClass }) => ({
      key: decoded(Key, EncodingType),
      size: Size,
      etag: withoutQuotes(ETag),
      lastModified: LastModified,
      ...classOf(StorageClass),
    }));
    const last = objects.at(-1);
    return { objects, ...(IsTruncated && last && { next: last.key }) };
  };
}

/** Not every server that speaks like S3 encodes what it was asked to. */
export const decoded = (key = '', encoding?: string): string =>
  encoding === 'url' ? decodeURIComponent(key.replaceAll('+', ' ')) : key;
