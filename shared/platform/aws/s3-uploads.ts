import { createHash } from 'node:crypto';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  ListPartsCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { InvalidInput, Missing } from '../../errors.ts';
import { checkObject, checkPartNumber } from '../metadata.ts';
import type { Bucket, ObjectHead, ObjectProperties, Part, Stored, Upload } from '../ports.ts';
import { isAwsError, wasRepeated } from './errors.ts';
import { explained, isPreconditionFailed, ownRepeat, withoutQuotes } from './s3-errors.ts';

type Head = (key: string, options?: { versionId?: string }) => Promise<ObjectHead | undefined>;

/** The multipart half of a bucket. */
export function openS3Uploads(
  s3: S3Client,
  bucket: string,
  head: Head,
): Pick<Bucket, 'startUpload' | 'putPart' | 'listParts' | 'publish' | 'abandon'> {
  const at = ({ key, uploadId }: Upload) => ({ Bucket: bucket, Key: key, UploadId: uploadId });
  return {
    startUpload: async (key, properties = {}) => {
      checkObject(key, properties);
      const { contentType: ContentType, metadata: Metadata, tags } = properties;
      const command = new CreateMultipartUploadCommand({
        ...{ Bucket: bucket, Key: key, ContentType, Metadata },
        ...taggingOf(tags),
      });
      const { UploadId = '' } = await s3.send(command).catch((error) => {
        throw explained(error, { bucket, key, action: writeAction(tags) });
      });
      return { key, uploadId: UploadId };
    },
    putPart: async (upload, partNumber, body) => {
      checkPartNumber(partNumber);
      const command = new UploadPartCommand({ ...at(upload), PartNumber: partNumber, Body: body });
      const { ETag } = await missingIfEnded(bucket, upload, s3.send(command));
      return { partNumber, size: body.byteLength, etag: withoutQuotes(ETag) };
    },
    listParts: async (upload) => {
      const parts: Part[] = [];
      for (let marker: string | undefined; ; ) {
        const command = new ListPartsCommand({ ...at(upload), PartNumberMarker: marker });
        const page = await missingIfEnded(bucket, upload, s3.send(command));
        for (const { PartNumber = 0, Size = 0, ETag } of page.Parts ?? [])
          parts.push({ partNumber: PartNumber, size: Size, etag: withoutQuotes(ETag) });
        if (!page.IsTruncated) return parts;
        marker = page.NextPartNumberMarker;
      }
    },
    publish: (upload, parts, options) => publish(s3, bucket, head, upload, parts, options?.ifAbsent),
    abandon: async (upload) => {
      await s3.send(new AbortMultipartUploadCommand(at(upload))).catch((error) => {
        if (!isAwsError(error, 'NoSuchUpload')) throw error;
      });
    },
  };
}

type Tags = ObjectProperties['tags'];

/** The form of a query, as S3 wants it; nothing where there is none, which takes no permission. */
export function taggingOf(tags: Tags = {}): { Tagging?: string } {
  const pairs = Object.entries(tags).map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`);
  return pairs.length === 0 ? {} : { Tagging: pairs.join('&') };
}

export const writeAction = (tags: Tags = {}): string =>
  Object.keys(tags).length === 0 ? 's3:PutObject' : 's3:PutObject and s3:PutObjectTagging';

async function publish(
  s3: S3Client,
  bucket: string,
  head: Head,
  upload: Upload,
  parts: readonly Part[],
  ifAbsent = false,
): Promise<Stored> {
  const { key, uploadId } = upload;
  if (parts.length === 0) throw new InvalidInput(`An upload of ${key} cannot be published without parts.`);
  const command = new CompleteMultipartUploadCommand({
    ...{ Bucket: bucket, Key: key, UploadId: uploadId },
    ...(ifAbsent && { IfNoneMatch: '*' }),
    MultipartUpload: { Parts: parts.map(({ partNumber, etag }) => ({ PartNumber: partNumber, ETag: `"${etag}"` })) },
  });
  const etag = etagOf(parts);
  try {
    const { ETag, VersionId: versionId } = await s3.send(command);
    // The object is there now, whatever this question is answered; it only adds what the upload was started with.
    const found = await head(key, { versionId }).catch(() => undefined);
    const size = parts.reduce((sum, part) => sum + part.size, 0);
    const known = { key, size, etag: withoutQuotes(ETag), versionId: versionId ?? 'null', metadata: {} };
    return { outcome: 'stored', head: found ?? { ...known, lastModified: new Date() } };
  } catch (error) {
    if (isPreconditionFailed(error)) return ownRepeat(error, etag, () => head(key));
    if (isAwsError(error, 'NoSuchUpload') && wasRepeated(error)) {
      const own = await ownRepeat(error, etag, () => head(key));
      if (own.outcome === 'stored') return own;
    }
    if (isAwsError(error, 'NoSuchUpload')) throw missing(bucket, upload, error);
    if (isAwsError(error, 'InvalidPart', 'InvalidPartOrder', 'EntityTooSmall'))
      throw new InvalidInput(`These parts do not make up ${key} in ${bucket}: ${error.message}`, {}, { cause: error });
    throw explained(error, { bucket, key, action: writeAction() });
  }
}

async function missingIfEnded<T>(bucket: string, upload: Upload, answer: Promise<T>): Promise<T> {
  return answer.catch((error) => {
    throw isAwsError(error, 'NoSuchUpload') ? missing(bucket, upload, error) : error;
  });
}

const missing = (bucket: string, { key }: Upload, cause: unknown): Missing =>
  new Missing(
    `There is no unfinished upload of ${key} in ${bucket}: it was published, abandoned or never started.`,
    {},
    { cause },
  );

/** What S3 makes of the parts' MD5 sums. With other checksums than MD5 (SSE-KMS) it only never matches. */
function etagOf(parts: readonly Part[]): string {
  const sums = Buffer.from(parts.map((part) => part.etag).join(''), 'hex');
  return `${createHash('md5').update(sums).digest('hex')}-${parts.length}`;
}
