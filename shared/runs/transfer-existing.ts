import { Rejected } from '../errors.ts';
import type { Bucket, ObjectHead } from '../platform/ports.ts';
import { crc32Of } from './transfer-checksum.ts';

/** The key belongs to somebody else's object. */
export class KeyTaken extends Rejected {
  override name = 'KeyTaken';
}

/** User metadata that only this object has. */
export type Identity = Readonly<Record<string, string>>;

export interface Existing {
  readonly head: ObjectHead;
  readonly checksum: string;
}

/**
 * The object at `key`, when an earlier attempt of the same copy put it there; undefined when there is none. Throws
 * Rejected when it is something else: nothing is ever overwritten.
 */
export async function alreadyThere(
  bucket: Bucket,
  key: string,
  expected: { readonly identity: Identity; readonly bytes: number; readonly checksum?: string },
): Promise<Existing | undefined> {
  const head = await bucket.head(key);
  if (!head) return undefined;
  const isOurs = Object.entries(expected.identity).every(([name, value]) => head.metadata[name] === value);
  if (!isOurs) throw new KeyTaken(...taken(bucket, key, 'it is not from this run'));
  if (head.size !== expected.bytes)
    throw new Rejected(...taken(bucket, key, `it has ${head.size} bytes, not ${expected.bytes}`));
  const checksum = await checksumOf(bucket, head);
  if (expected.checksum !== undefined && expected.checksum !== checksum)
    throw new Rejected(...taken(bucket, key, `its checksum is ${checksum}, not ${expected.checksum}`));
  return { head, checksum };
}

/** Large objects are read for it: their metadata was fixed before their bytes were known. It happens after a crash only. */
async function checksumOf(bucket: Bucket, head: ObjectHead): Promise<string> {
  const noted = head.metadata.crc32;
  if (noted !== undefined) return noted;
  let checksum = '00000000';
  const { body } = await bucket.read(head.key, { versionId: head.versionId });
  for await (const chunk of body) checksum = crc32Of(chunk, checksum);
  return checksum;
}

const taken = (bucket: Bucket, key: string, why: string): [message: string, facts: Record<string, unknown>] => [
  `${key} in ${bucket.name} is taken by another object: ${why}. Move that one away, then copy again.`,
  { bucket: bucket.name, key },
];
