import { createHash } from 'node:crypto';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  ListPartsCommand,
  type StorageClass,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { InvalidInput, Missing } from '../../errors.ts';
import { crc32cOf } from '../crc32c.ts';
import { checkObject, checkPartNumber } from '../metadata.ts';
import type { Bucket, Checked, ObjectHead, ObjectProperties, Part, Stored, Upload } from '../ports.ts';
import { isAwsError, wasRepeated } from './errors.ts';
import { checksumOf, foundIn, isOtherKindOfUpload, rejectedIfDifferent, unsigned } from './s3-checksums.ts';
import { explained, isPreconditionFailed, ownRepeat, withoutQuotes } from './s3-errors.ts';
import type { S3Place } from './s3-place.ts';

type Head = (key: string, options?: { versionId?: string }) => Promise<ObjectHead | undefined>;

/** S3 adds the parts' checksums up itself, so that the whole has the one that anyone else finds over it. */
const checksumKind = { ChecksumAlgorithm: 'CRC32C', ChecksumType: 'FULL_OBJECT' } as const;

/** The multipart half of a bucket. */
export function openS3Uploads(
  place: S3Place,
  head: Head,
): Pick<Bucket, 'startUpload' | 'putPart' | 'listParts' | 'publish' | 'abandon'> {
  const { s3 } = place;
  const at = ({ key, uploadId }: Upload) => ({ ...place.bucket, Key: key, UploadId: uploadId });
  const abandon = async (upload: Upload) => {
    await s3.send(new AbortMultipartUploadCommand(at(upload))).catch((error) => {
      if (isAwsError(error, 'NoSuchUpload')) return;
      throw explained(error, { place, key: upload.key, action: 's3:AbortMultipartUpload' });
    });
  };
  return {
    startUpload: async (key, properties = {}) => {
      checkObject(key, properties);
      const command = new CreateMultipartUploadCommand({
        ...{ ...place.bucket, Key: key, ...place.encryption },
        ...{ ...propertiesOf(properties), ...checksumKind },
      });
      const { UploadId = '' } = await s3.send(command).catch((error) => {
        throw explained(error, { place, key, action: writeAction(properties.tags) });
      });
      return { key, uploadId: UploadId };
    },
    putPart: async (upload, partNumber, body, { crc32c = crc32cOf(body) } = {}) => {
      checkPartNumber(partNumber);
      const part = { PartNumber: partNumber, Body: body, ...checksumOf(crc32c) };
      const sent = s3.send(unsigned(new UploadPartCommand({ ...at(upload), ...part })));
      const answer = await missingIfEnded(place, upload, 's3:PutObject', sent).catch((error) => {
        throw rejectedIfDifferent(error, upload.key, crc32c);
      });
      return { partNumber, size: body.byteLength, etag: withoutQuotes(answer.ETag), ...foundIn(answer) };
    },
    listParts: async (upload) => {
      const parts: Part[] = [];
      for (let marker: string | undefined; ; ) {
        const command = new ListPartsCommand({ ...at(upload), PartNumberMarker: marker });
        const page = await missingIfEnded(place, upload, 's3:ListMultipartUploadParts', s3.send(command));
        for (const { PartNumber = 0, Size = 0, ETag, ChecksumCRC32C } of page.Parts ?? [])
          parts.push({
            ...{ partNumber: PartNumber, size: Size, etag: withoutQuotes(ETag) },
            ...foundIn({ ChecksumCRC32C }),
          });
        if (!page.IsTruncated) return parts;
        marker = page.NextPartNumberMarker;
      }
    },
    publish: (upload, parts, options) => publish({ place, head, abandon }, upload, parts, options),
    abandon,
  };
}

export const propertiesOf = ({ contentType, metadata, tags, storageClass }: ObjectProperties) => ({
  ContentType: contentType,
  Metadata: metadata,
  ...(storageClass !== undefined && { StorageClass: storageClass as StorageClass }),
  ...taggingOf(tags),
});

type Tags = ObjectProperties['tags'];

/** The form of a query, as S3 wants it; nothing where there is none, which takes no permission. */
function taggingOf(tags: Tags = {}): { Tagging?: string } {
  const pairs = Object.entries(tags).map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`);
  return pairs.length === 0 ? {} : { Tagging: pairs.join('&') };
}

export const writeAction = (tags: Tags = {}): string =>
  Object.keys(tags).length === 0 ? 's3:PutObject' : 's3:PutObject and s3:PutObjectTagging';

interface Publishing {
  readonly place: S3Place;
  readonly head: Head;
  readonly abandon: (upload: Upload) => Promise<void>;
}

async function publish(
  { place, head, abandon }: Publishing,
  upload: Upload,
  parts: readonly Part[],
  { ifAbsent = false, crc32c }: Checked & { ifAbsent?: boolean } = {},
): Promise<Stored> {
  const { key, uploadId } = upload;
  if (parts.length === 0) throw new InvalidInput(`An upload of ${key} cannot be published without parts.`);
  const own = { etag: etagOf(parts), size: parts.reduce((sum, part) => sum + part.size, 0), crc32c };
  const command = new CompleteMultipartUploadCommand({
    ...{ ...place.bucket, Key: key, UploadId: uploadId },
    ...(ifAbsent && { IfNoneMatch: '*' }),
    ...(crc32c !== undefined && { ...checksumOf(crc32c), ChecksumType: checksumKind.ChecksumType }),
    MpuObjectSize: own.size,
    MultipartUpload: { Parts: parts.map(completed) },
  });
  try {
    const answer = await place.s3.send(command);
    const versionId = answer.VersionId;
    // The object is published even if this request fails; it only adds the properties of the upload.
    const found = await head(key, { versionId }).catch(() => undefined);
    const known = { key, size: own.size, etag: withoutQuotes(answer.ETag), versionId: versionId ?? 'null' };
    return {
      outcome: 'stored',
      head: found ?? { ...known, metadata: {}, lastModified: new Date(), ...foundIn(answer) },
    };
  } catch (error) {
    if (isPreconditionFailed(error)) return ownRepeat(error, own, () => head(key));
    if (isAwsError(error, 'NoSuchUpload') && wasRepeated(error)) {
      const repeated = await ownRepeat(error, own, () => head(key));
      if (repeated.outcome === 'stored') return repeated;
    }
    if (isAwsError(error, 'ConditionalRequestConflict')) {
      // S3 wants a new upload in this case, so this one is over.
      await abandon(upload).catch(() => {});
      throw missing(place.name, upload, error);
    }
    if (isAwsError(error, 'NoSuchUpload') || isOtherKindOfUpload(error)) throw missing(place.name, upload, error);
    if (isAwsError(error, 'InvalidPart', 'InvalidPartOrder', 'EntityTooSmall'))
      throw new InvalidInput(
        `These parts do not make up ${key} in ${place.name}: ${error.message}`,
        {},
        { cause: error },
      );
    throw rejectedIfDifferent(explained(error, { place, key, action: writeAction() }), key, crc32c);
  }
}

const completed = ({ partNumber, etag, crc32c }: Part) => ({
  ...{ PartNumber: partNumber, ETag: `"${etag}"` },
  ...checksumOf(crc32c),
});

async function missingIfEnded<T>(place: S3Place, upload: Upload, action: string, answer: Promise<T>): Promise<T> {
  return answer.catch((error) => {
    const ended = isAwsError(error, 'NoSuchUpload') || isOtherKindOfUpload(error);
    throw ended ? missing(place.name, upload, error) : explained(error, { place, key: upload.key, action });
  });
}

const missing = (bucket: string, { key }: Upload, cause: unknown): Missing =>
  new Missing(
    `There is no unfinished upload of ${key} in ${bucket}: it was published, abandoned, never started, or has to be restarted.`,
    {},
    { cause },
  );

/** What S3 makes of the parts' MD5 sums. With other checksums than MD5 (SSE-KMS) it only never matches. */
function etagOf(parts: readonly Part[]): string {
  const sums = Buffer.from(parts.map((part) => part.etag).join(''), 'hex');
  return `${createHash('md5').update(sums).digest('hex')}-${parts.length}`;
}
