import type { GetObjectCommandOutput, HeadObjectCommandOutput } from '@aws-sdk/client-s3';
import type { ObjectHead } from '../ports.ts';
import { foundIn } from './s3-checksums.ts';
import { withoutQuotes } from './s3-errors.ts';

export function headOf(key: string, answer: HeadObjectCommandOutput | GetObjectCommandOutput): ObjectHead {
  // Of a range, the length is the range's; the whole stands behind the slash of "bytes 2-4/10".
  const whole = answer.ContentRange?.split('/')[1];
  return {
    key,
    size: Number(whole ?? answer.ContentLength ?? 0),
    etag: withoutQuotes(answer.ETag),
    versionId: answer.VersionId ?? 'null',
    contentType: answer.ContentType,
    metadata: answer.Metadata ?? {},
    lastModified: answer.LastModified ?? new Date(0),
    ...classOf(answer.StorageClass),
    ...archiveOf(answer),
    // Of a range, the checksum would be the whole's; S3 leaves it out.
    ...foundIn(answer),
  };
}

export const classOf = (storageClass: string | undefined): { storageClass?: string } =>
  storageClass === undefined || storageClass === 'STANDARD' ? {} : { storageClass };

/** Of these classes the bytes are always away; intelligent tiering says in `ArchiveStatus` when they are. */
const archives = ['GLACIER', 'DEEP_ARCHIVE'];

function archiveOf(answer: HeadObjectCommandOutput | GetObjectCommandOutput): Pick<ObjectHead, 'archive'> {
  const { StorageClass = '', Restore = '' } = answer;
  const status = 'ArchiveStatus' in answer ? answer.ArchiveStatus : undefined;
  if (!archives.includes(StorageClass) && status === undefined) return {};
  if (Restore.includes('ongoing-request="true"')) return { archive: 'restoring' };
  // A restored copy of an archived object says until when it is there, and is gone after that together with this.
  return Restore.includes('ongoing-request="false"') ? {} : { archive: 'archived' };
}
