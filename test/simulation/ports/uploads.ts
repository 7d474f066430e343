import { createHash } from 'node:crypto';
import { InvalidInput, Missing } from '../../../shared/errors.ts';
import { checkFound } from '../../../shared/platform/checksums.ts';
import { crc32cOf } from '../../../shared/platform/crc32c.ts';
import { checkObject, checkPartNumber } from '../../../shared/platform/metadata.ts';
import type { Bucket, Checked, Clock, ObjectProperties, Part, Stored, Upload } from '../../../shared/platform/ports.ts';
import { compareBytes } from './order.ts';

type ArrivedPart = Part & { readonly bytes: Uint8Array };
type Show = (
  key: string,
  bytes: Uint8Array,
  etag: string,
  options: ObjectProperties & Checked & { ifAbsent?: boolean },
) => Stored;

interface UploadsOptions {
  readonly newId: () => string;
  readonly clock: Clock;
  readonly show: Show;
  readonly uploading: (key: string, properties: ObjectProperties) => void;
  readonly minPartBytes: number;
  readonly tellsChecksums: boolean;
}

/** The multipart half of a bucket in memory. */
export function memoryUploads(
  bucket: string,
  { newId, clock, show, uploading, minPartBytes, tellsChecksums }: UploadsOptions,
) {
  const open = new Map<string, OpenedUpload>();
  const find = ({ key, uploadId }: Upload) => {
    const upload = open.get(uploadId);
    if (upload?.key !== key) throw new Missing(`There is no unfinished upload of ${key} in ${bucket}.`);
    return upload;
  };
  const inOrder = (parts: Map<number, ArrivedPart>) => [...parts.values()].sort((a, b) => a.partNumber - b.partNumber);
  return {
    startUpload(key: string, properties: ObjectProperties = {}): Upload {
      checkObject(key, properties);
      uploading(key, properties);
      const uploadId = newId();
      open.set(uploadId, { key, properties, parts: new Map(), startedAt: new Date(clock()) });
      return { key, uploadId };
    },
    putPart(upload: Upload, partNumber: number, body: Uint8Array, checked?: Checked): Part {
      checkPartNumber(partNumber);
      const { parts } = find(upload);
      const bytes = Buffer.from(body);
      const etag = createHash('md5').update(bytes).digest('hex');
      const crc32c = crc32cOf(bytes);
      checkFound(upload.key, crc32c, checked);
      const part = { partNumber, size: bytes.byteLength, etag, ...(tellsChecksums && { crc32c }) };
      parts.set(partNumber, { ...part, bytes });
      return part;
    },
    listParts: (upload: Upload): readonly Part[] => inOrder(find(upload).parts).map(({ bytes, ...part }) => part),
    publish(upload: Upload, parts: readonly Part[], options: Checked & { ifAbsent?: boolean } = {}): Stored {
      const { properties, parts: arrived } = find(upload);
      const chosen = choose(upload, arrived, parts, minPartBytes);
      const md5s = Buffer.from(chosen.map(({ etag }) => etag).join(''), 'hex');
      const etag = `${createHash('md5').update(md5s).digest('hex')}-${chosen.length}`;
      const bytes = Buffer.concat(chosen.map((part) => part.bytes));
      const stored = show(upload.key, bytes, etag, { ...properties, ...options });
      if (stored.outcome === 'stored') open.delete(upload.uploadId);
      return stored;
    },
    abandon: ({ uploadId }: Upload): void => void open.delete(uploadId),
    listUploads({ prefix = '', after, limit = 1000 }: Parameters<Bucket['listUploads']>[0] = {}) {
      const all = [...open].map(([uploadId, { key, startedAt }]) => ({ key, uploadId, startedAt }));
      const compare = (a: Upload, b: Upload) => compareBytes(a.key, b.key) || compareBytes(a.uploadId, b.uploadId);
      const left = all.filter(
        (each) => each.key.startsWith(prefix) && (after === undefined || compare(each, after) > 0),
      );
      const uploads = left.sort(compare).slice(0, Math.min(1000, Math.max(1, limit)));
      const last = uploads.at(-1);
      return {
        uploads,
        ...(last && uploads.length < left.length && { next: { key: last.key, uploadId: last.uploadId } }),
      };
    },
  };
}

interface OpenedUpload {
  readonly key: string;
  readonly properties: ObjectProperties;
  readonly parts: Map<number, ArrivedPart>;
  readonly startedAt: Date;
}

function choose(
  upload: Upload,
  arrived: Map<number, ArrivedPart>,
  parts: readonly Part[],
  minPartBytes: number,
): ArrivedPart[] {
  if (parts.length === 0) throw new InvalidInput(`An upload of ${upload.key} cannot be published without parts.`);
  return parts.map((part, at) => {
    const found = arrived.get(part.partNumber);
    if (found?.etag !== part.etag) throw new InvalidInput(`Part ${part.partNumber} of ${upload.key} has not arrived.`);
    if ((parts[at - 1]?.partNumber ?? 0) >= part.partNumber)
      throw new InvalidInput(`The parts of ${upload.key} must be published in order.`);
    if (found.size < minPartBytes && at < parts.length - 1)
      throw new InvalidInput(`Part ${part.partNumber} of ${upload.key} is too small.`);
    return found;
  });
}
