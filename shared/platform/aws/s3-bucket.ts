import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import {
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  S3Client,
  type S3ClientConfig,
} from '@aws-sdk/client-s3';
import { InvalidInput, Missing } from '../../errors.ts';
import { checkObject } from '../metadata.ts';
import type { Bucket, ObjectHead, ObjectProperties, Stored } from '../ports.ts';
import { isAwsError, statusOf } from './errors.ts';
import { explained, isAbsent, isPreconditionFailed, ownRepeat, withoutQuotes } from './s3-errors.ts';
import { headOf } from './s3-heads.ts';
import { signsLinks } from './s3-links.ts';
import { listsObjects } from './s3-list.ts';
import { listsUploads } from './s3-list-uploads.ts';
import { restoresObjects } from './s3-restore.ts';
import { openS3Uploads, taggingOf, writeAction } from './s3-uploads.ts';

let client: S3Client | undefined;

const configuration = (): S3ClientConfig => ({
  maxAttempts: 5,
  requestHandler: { connectionTimeout: 3000, socketTimeout: 120_000 },
  // TLS guards the way; the newer checksums would only cost time, and end up in signed links.
  requestChecksumCalculation: 'WHEN_REQUIRED',
  responseChecksumValidation: 'WHEN_REQUIRED',
  forcePathStyle: Boolean(process.env.AWS_ENDPOINT_URL_S3 || process.env.AWS_ENDPOINT_URL),
});

export function openS3Bucket(name: string, { linkRoleArn }: { linkRoleArn?: string } = {}): Bucket {
  client ??= new S3Client(configuration());
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
      // S3 refuses HEAD without a word. Reading the first byte says why: a version id of another shape is none that is there.
      if (isAwsError(error) && statusOf(error) === 400) return headByReading(key, options.versionId, error);
      throw explained(error, { bucket: name, key, action: getAction(options.versionId) });
    }
  };
  const headByReading = async (key: string, versionId: string | undefined, refused: Error) => {
    try {
      const found = await read(key, { versionId, range: [0, 0] });
      for await (const _byte of found.body);
      return found.head;
    } catch (error) {
      if (error instanceof Missing) return undefined;
      throw error instanceof InvalidInput ? refused : error;
    }
  };
  const read: Bucket['read'] = async (key, { versionId, range } = {}) => {
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
      throw explained(error, { bucket: name, key, action: getAction(versionId) });
    }
  };
  return {
    name,
    head,
    read,
    put: (key, body, properties) =>
      put(s3, name, head, key, typeof body === 'string' ? Buffer.from(body) : body, properties),
    link: signsLinks(s3, configuration(), name, linkRoleArn),
    list: listsObjects(s3, name),
    restore: restoresObjects(s3, name, head),
    ...openS3Uploads(s3, name, head),
    listUploads: listsUploads(s3, name),
  };
}

const getAction = (versionId: string | undefined) => (versionId === undefined ? 's3:GetObject' : 's3:GetObjectVersion');

async function put(
  s3: S3Client,
  bucket: string,
  head: (key: string) => Promise<ObjectHead | undefined>,
  key: string,
  body: Uint8Array,
  properties: ObjectProperties & { ifAbsent?: boolean } = {},
): Promise<Stored> {
  checkObject(key, properties);
  const { contentType, metadata = {}, tags, ifAbsent } = properties;
  const object = {
    ...{ Bucket: bucket, Key: key, Body: body, ContentType: contentType, Metadata: metadata },
    ...taggingOf(tags),
  };
  try {
    const { ETag, VersionId } = await s3.send(
      new PutObjectCommand({ ...object, ...(ifAbsent && { IfNoneMatch: '*' }) }),
    );
    const stored = { key, size: body.byteLength, etag: withoutQuotes(ETag), versionId: VersionId ?? 'null' };
    return { outcome: 'stored', head: { ...stored, contentType, metadata, lastModified: new Date() } };
  } catch (error) {
    if (isPreconditionFailed(error))
      return ownRepeat(error, createHash('md5').update(body).digest('hex'), () => head(key));
    throw explained(error, { bucket, key, action: writeAction(tags) });
  }
}
