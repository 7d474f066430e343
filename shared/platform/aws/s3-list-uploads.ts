import { ListMultipartUploadsCommand } from '@aws-sdk/client-s3';
import type { Bucket } from '../ports.ts';
import { explained } from './s3-errors.ts';
import { decoded } from './s3-list.ts';
import type { S3Place } from './s3-place.ts';

/** S3 says itself where its next page begins: within one key, in the order in which uploads were begun. */
export function listsUploads(place: S3Place): Bucket['listUploads'] {
  return async ({ prefix = '', after, limit = 1000 } = {}) => {
    const command = new ListMultipartUploadsCommand({
      ...place.bucket,
      Prefix: prefix,
      MaxUploads: Math.max(1, Math.min(limit, 1000)),
      EncodingType: 'url',
      ...(after && { KeyMarker: after.key, UploadIdMarker: after.uploadId }),
    });
    const answer = await place.s3.send(command).catch((error) => {
      throw explained(error, { place, key: `${prefix}*`, action: 's3:ListBucketMultipartUploads' });
    });
    const { Uploads = [], IsTruncated, NextKeyMarker, NextUploadIdMarker, EncodingType } = answer;
    const uploads = Uploads.map(({ Key, UploadId = '', Initiated = new Date(0) }) => ({
      ...{ key: decoded(Key, EncodingType), uploadId: UploadId, startedAt: Initiated },
    }));
    const next = { key: decoded(NextKeyMarker, EncodingType), uploadId: NextUploadIdMarker ?? '' };
    return { uploads, ...(IsTruncated && { next }) };
  };
}
