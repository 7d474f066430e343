import { createHash } from 'node:crypto';
import { InvalidInput, Missing } from '../../../shared/errors.ts';
import { checkObject, checkPartNumber } from '../../../shared/platform/metadata.ts';
import type { ObjectProperties, Part, Stored, Upload } from '../../../shared/platform/ports.ts';

const minPartBytes = 5 * 1024 * 1024;

type ArrivedPart = Part & { readonly bytes: Uint8Array };
type Show = (
  key: string,
  bytes: Uint8Array,
  etag: string,
  options: ObjectProperties & { ifAbsent?: boolean },
) => Stored;

/** The multipart half of a bucket in memory. */
export function memoryUploads(bucket: string, newId: () => string, show: Show) {
  const open = new Map<string, { key: string; properties: ObjectProperties; parts: Map<number, ArrivedPart> }>();
  const find = ({ key, uploadId }: Upload) => {
    const upload = open.get(uploadId);
    if (upload?.key !== key) throw new Missing(`There is no unfinished upload of ${key} in ${bucket}.`);
    return upload;
  };
  const inOrder = (parts: Map<number, ArrivedPart>) => [...parts.values()].sort((a, b) => a.partNumber - b.partNumber);
  return {
    startUpload(key: string, properties: ObjectProperties = {}): Upload {
      checkObject(key, properties);
      const uploadId = newId();
      open.set(uploadId, { key, properties, parts: new Map() });
      return { key, uploadId };
    },
    putPart(upload: Upload, partNumber: number, body: Uint8Array): Part {
      checkPartNumber(partNumber);
      const { parts } = find(upload);
      const bytes = Buffer.from(body);
      const etag = createHash('md5').update(bytes).digest('hex');
      const part = { partNumber, size: bytes.byteLength, etag };
      parts.set(partNumber, { ...part, bytes });
      return part;
    },
    listParts: (upload: Upload): readonly Part[] =>
      inOrder(find(upload).parts).map(({ partNumber, size, etag }) => ({ partNumber, size, etag })),
    publish(upload: Upload, parts: readonly Part[], options: { ifAbsent?: boolean } = {}): Stored {
      const { properties, parts: arrived } = find(upload);
      const chosen = choose(upload, arrived, parts);
      const md5s = Buffer.from(chosen.map(({ etag }) => etag).join(''), 'hex');
      const etag = `${createHash('md5').update(md5s).digest('hex')}-${chosen.length}`;
      const bytes = Buffer.concat(chosen.map((part) => part.bytes));
      const stored = show(upload.key, bytes, etag, { ...properties, ...options });
      if (stored.outcome === 'stored') open.delete(upload.uploadId);
      return stored;
    },
    abandon: ({ uploadId }: Upload): void => void open.delete(uploadId),
    /** Uploads that nobody has ended. */
    unfinished: () => [...open.values()].map(({ key }) => key),
  };
}

function choose(upload: Upload, arrived: Map<number, ArrivedPart>, parts: readonly Part[]): ArrivedPart[] {
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
