import { Rejected } from '../errors.ts';
import { crc32cOf } from '../platform/crc32c.ts';
import type { Bucket, ObjectHead } from '../platform/ports.ts';

/** Another object has this key. */
export class KeyTaken extends Rejected {
  override name = 'KeyTaken';
}

/** User metadata that only this object has. */
export type Identity = Readonly<Record<string, string>>;

export interface Existing {
  readonly head: ObjectHead;
  /** CRC32C of its bytes. */
  readonly checksum: string;
}

export interface Expected {
  readonly identity: Identity;
  /** Whether what is not ours may be written over. */
  readonly overwrite?: boolean;
}

/**
 * The object at `key`, when an earlier attempt of the same copy put it there; undefined when there is none, or one that
 * may be written over. Throws KeyTaken when it is somebody else's. Whatever the source is by now, ours is whole: nothing
 * else is ever published.
 */
export async function alreadyThere(
  bucket: Bucket,
  key: string,
  { identity, overwrite = false }: Expected,
): Promise<Existing | undefined> {
  const head = await bucket.head(key);
  if (!head) return undefined;
  const isOurs = Object.entries(identity).every(([name, value]) => head.metadata[name] === value);
  if (isOurs) return { head, checksum: head.crc32c ?? (await checksumOf(bucket, head)) };
  if (overwrite) return undefined;
  throw new KeyTaken(
    `${key} in ${bucket.name} is taken by another object: it is not from this run. Move that one away, then have this one delivered again.`,
    { bucket: bucket.name, key },
  );
}

/** Where the store keeps none, the object is read for it. It happens after a crash only. */
async function checksumOf(bucket: Bucket, { key, versionId }: ObjectHead): Promise<string> {
  let checksum = '00000000';
  const { body } = await bucket.read(key, { versionId });
  for await (const chunk of body) checksum = crc32cOf(chunk, checksum);
  return checksum;
}
