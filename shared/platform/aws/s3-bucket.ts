import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { GetObjectCommand, HeadObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { InvalidInput, Missing } from '../../errors.ts';
import { checkObject } from '../metadata.ts';
import type { Bucket, Checked, ObjectHead, ObjectProperties, Stored } from '../ports.ts';
import { isAwsError, statusOf } from './errors.ts';
import { checksumOf, foundIn, rejectedIfDifferent, unsigned } from './s3-checksums.ts';
import { explained, isAbsent, isPreconditionFailed, ownRepeat, withoutQuotes } from './s3-errors.ts';
import { classOf, headOf } from './s3-heads.ts';
import { signsLinks } from './s3-links.ts';
import { listsObjects } from './s3-list.ts';
import { listsUploads } from './s3-list-uploads.ts';
import { placeOf, type S3BucketOptions, type S3Place } from './s3-place.ts';
import { restoresObjects } from './s3-restore.ts';
import { openS3Uploads, propertiesOf, writeAction } from './s3-uploads.ts';

export function openS3Bucket(name: string, options: S3BucketOptions = {}): Bucket {
  const place = placeOf(name, options);
  const { s3 } = place;
  const at = (key: string, versionId?: string) => ({
    ...place.bucket,
    Key: key,
    ...(versionId !== undefined && { VersionId: versionId }),
  });
  const head = async (key: string, options: { versionId?: string } = {}): Promise<ObjectHead | undefined> => {
    try {
      return headOf(
        key,
        await s3.send(new HeadObjectCommand({ ...at(key, options.versionId), ChecksumMode: 'ENABLED' })),
      );
    } catch (error) {
      if (isAbsent(error)) return undefined;
      // S3 refuses HEAD without a word. Reading the first byte says why: a version id of another shape is none that is there.
      if (isAwsError(error) && statusOf(error) === 400) return headByReading(key, options.versionId, error);
      throw explained(error, { place, key, action: getAction(options.versionId) });
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
      throw explained(error, { place, key, action: getAction(versionId) });
    }
  };
  return {
    name,
    head,
    read,
    put: (key, body, properties) =>
      put(place, head, key, typeof body === 'string' ? Buffer.from(body) : body, properties),
    link: signsLinks(place, options),
    list: listsObjects(place),
    restore: restoresObjects(place, head),
    ...openS3Uploads(place, head),
    listUploads: listsUploads(place),
  };
}

const getAction = (versionId: string | undefined) => (versionId === undefined ? 's3:GetObject' : 's3:GetObjectVersion');

async function put(
  place: S3Place,
  head: (key: string) => Promise<ObjectHead | undefined>,
  key: string,
  body: Uint8Array,
  properties: ObjectProperties & Checked & { ifAbsent?: boolean } = {},
): Promise<Stored> {
  checkObject(key, properties);
  const { contentType, metadata = {}, tags, storageClass, crc32c, ifAbsent } = properties;
  const command = new PutObjectCommand({
    ...{ ...place.bucket, Key: key, Body: body, ...place.encryption },
    ...{ ...propertiesOf(properties), ...checksumOf(crc32c) },
    ...(ifAbsent && { IfNoneMatch: '*' }),
  });
  try {
    const answer = await place.s3.send(crc32c === undefined ? command : unsigned(command));
    const stored = { key, size: body.byteLength, etag: withoutQuotes(answer.ETag) };
    const head = { ...stored, versionId: answer.VersionId ?? 'null', contentType, metadata, lastModified: new Date() };
    return { outcome: 'stored', head: { ...head, ...classOf(storageClass), ...foundIn(answer) } };
  } catch (error) {
    const own = { etag: createHash('md5').update(body).digest('hex'), size: body.byteLength, crc32c };
    if (isPreconditionFailed(error)) return ownRepeat(error, own, () => head(key));
    throw rejectedIfDifferent(explained(error, { place, key, action: writeAction(tags) }), key, crc32c);
  }
}
