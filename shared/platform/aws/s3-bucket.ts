import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import {
  GetObjectCommand,
  type GetObjectCommandOutput,
  HeadObjectCommand,
  type HeadObjectCommandOutput,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { InvalidInput, Missing } from '../../errors.ts';
import { checkObject } from '../metadata.ts';
import type { Bucket, ObjectHead, ObjectProperties, Stored } from '../ports.ts';
import { isAwsError } from './errors.ts';
import { explained, isAbsent, isPreconditionFailed, ownRepeat, withoutQuotes } from './s3-errors.ts';
import { openS3Uploads } from './s3-uploads.ts';

let client: S3Client | undefined;

export function openS3Bucket(name: string): Bucket {
  client ??= new S3Client({
    maxAttempts: 5,
    requestHandler: { connectionTimeout: 3000, socketTimeout: 120_000 },
    // TLS guards the way; the newer checksums would only cost time, and end up in signed links.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    forcePathStyle: Boolean(process.env.AWS_ENDPOINT_URL_S3 || process.env.AWS_ENDPOINT_URL),
  });
  const s3 = client;
  const at = (key: string, versionId?: string) => ({
    Bucket: name,
    Key: key,
    ...(versionId !== undefined && { VersionId: versionId }),
  });
  const head = async (key: string, options: { versionId?: string } = {}): Promise<ObjectHead | undefined> => {
    try {
      return headOf(key, await s3.send(new HeadObjectCommand(at(key, options.versionId))));
    } catch (error) {
      if (isAbsent(error)) return undefined;
      throw error;
    }
  };
  return {
    name,
    head,
    read: async (key, { versionId, range } = {}) => {
      const Range = range && `bytes=${range[0]}-${range[1]}`;
      try {
        const answer = await s3.send(new GetObjectCommand({ ...at(key, versionId), Range }));
        return { head: headOf(key, answer), body: answer.Body as Readable };
      } catch (error) {
        if (isAbsent(error) || isAwsError(error, 'InvalidArgument'))
          throw new Missing(
            `There is no object ${key} in ${name}${versionId ? ` with version ${versionId}` : ''}.`,
            {},
            { cause: error },
          );
        if (isAwsError(error, 'InvalidRange'))
          throw new InvalidInput(`${Range} of ${key} in ${name} was asked for; it is shorter.`);
        throw error;
      }
    },
    put: (key, body, properties) =>
      put(s3, name, head, key, typeof body === 'string' ? Buffer.from(body) : body, properties),
    link: async (key, { versionId, expiresInSeconds }) => {
      const command = new GetObjectCommand(at(key, versionId));
      return getSignedUrl(s3, command, { expiresIn: expiresInSeconds });
    },
    ...openS3Uploads(s3, name, head),
  };
}

async function put(
  s3: S3Client,
  bucket: string,
  head: (key: string) => Promise<ObjectHead | undefined>,
  key: string,
  body: Uint8Array,
  properties: ObjectProperties & { ifAbsent?: boolean } = {},
): Promise<Stored> {
  checkObject(key, properties);
  const { contentType, metadata = {}, ifAbsent } = properties;
  const object = { Bucket: bucket, Key: key, Body: body, ContentType: contentType, Metadata: metadata };
  try {
    const { ETag, VersionId } = await s3.send(
      new PutObjectCommand({ ...object, ...(ifAbsent && { IfNoneMatch: '*' }) }),
    );
    const stored = { key, size: body.byteLength, etag: withoutQuotes(ETag), versionId: VersionId ?? 'null' };
    return { outcome: 'stored', head: { ...stored, contentType, metadata, lastModified: new Date() } };
  } catch (error) {
    if (isPreconditionFailed(error))
      return ownRepeat(error, createHash('md5').update(body).digest('hex'), () => head(key));
    throw explained(error, bucket, key);
  }
}

function headOf(key: string, answer: HeadObjectCommandOutput | GetObjectCommandOutput): ObjectHead {
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
  };
}
