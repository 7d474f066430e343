import { Conflict, InvalidInput, Missing, Rejected } from '../errors.ts';
import type { Bucket, Part, Stored, Upload } from '../platform/ports.ts';
import type { Progress } from './deadline.ts';
import { StartOver, WrongBytes } from './errors.ts';
import { alreadyThere, type Existing, type Identity } from './existing-object.ts';
import type { FullPart } from './part-sender.ts';
import { partCount } from './parts.ts';
import { type KnownPart, type RememberedTransfer, usableParts, wholeChecksum, withChecksum } from './resume-state.ts';

export interface UploadJob {
  readonly identity: Identity;
  readonly overwrite?: boolean;
  readonly remember: (state: RememberedTransfer) => Promise<void>;
}

export type Published = Existing & { readonly outcome: 'copied' | 'already-there' };

/** The upload was published or aborted: by a faster worker, an earlier attempt, or a clean-up. */
export class UploadEnded extends Error {
  override name = 'UploadEnded';
}

export interface PartUpload {
  readonly state: () => RememberedTransfer;
  /** Numbers of the parts that have not arrived, in order. */
  missing(): readonly number[];
  progress(): Progress;
  send(part: FullPart): Promise<void>;
  /** Keeps what a later attempt needs and the store does not tell. */
  noted(): Promise<void>;
  /** Makes the object visible, if it is whole and has the source's checksum. */
  publish(): Promise<Published>;
  abandon(): Promise<void>;
}

/** A multipart upload. `listed`: parts that arrived in earlier attempts. */
export function partUpload(
  bucket: Bucket,
  job: UploadJob,
  begun: RememberedTransfer,
  listed: readonly Part[] = [],
): PartUpload {
  let state = begun;
  const upload: Upload = { key: state.key, uploadId: state.uploadId };
  let arrived = usableParts(state, listed);
  let arrivedBytes = [...arrived.values()].reduce((sum, { size }) => sum + size, 0);
  const notes = coalesced(() => job.remember(state));
  const publishNow = (parts: Map<number, KnownPart>, ifAbsent = true): Promise<Stored> =>
    bucket.publish(upload, inOrder(parts), { crc32c: wholeChecksum(state, parts), ifAbsent });
  return {
    state: () => state,
    missing: () => numbersUpTo(partCount(state)).filter((partNumber) => !arrived.has(partNumber)),
    progress: () => ({ bytes: arrivedBytes, ofBytes: state.bytes }),
    send: async ({ partNumber, bytes, crc32c }) => {
      const put = () => unlessEnded(bucket.putPart(upload, partNumber, bytes, { crc32c }));
      const part = await put().catch((error) => onceMore(error, put));
      if (!arrived.has(partNumber)) arrivedBytes += part.size;
      arrived.set(partNumber, { ...part, crc32c });
      // The store does not tell it, so a later attempt could not know the whole's.
      if (part.crc32c !== undefined) return;
      state = withChecksum(state, { ...part, crc32c });
      await notes.write();
    },
    noted: notes.write,
    publish: async () => {
      const checksum = wholeChecksum(state, arrived);
      if (checksum === undefined || arrivedBytes !== state.bytes)
        throw new Error(`Of ${state.key}, ${arrivedBytes} of ${state.bytes} bytes have arrived.`);
      if (state.sourceCrc32c !== undefined && state.sourceCrc32c !== checksum)
        throw new WrongBytes(
          `The checksum CRC32C of what was read for ${state.key} is ${checksum}; its source says ${state.sourceCrc32c}.`,
        );
      const stored = await unlessEnded(publishNow(arrived)).catch(async (error) => {
        if (error instanceof Conflict) throw new StartOver(error.message, { cause: error });
        if (error instanceof Rejected) throw new WrongBytes(error.message, { cause: error });
        if (!(error instanceof InvalidInput)) throw error;
        // A sibling has sent a part again meanwhile, and a store that encrypts gives it another tag each time.
        arrived = usableParts(state, await unlessEnded(bucket.listParts(upload)));
        if (wholeChecksum(state, arrived) !== checksum) throw new StartOver(error.message, { cause: error });
        return unlessEnded(publishNow(arrived));
      });
      if (stored.outcome === 'stored') return { outcome: 'copied', head: stored.head, checksum };
      // What is not ours may be written over where the rule says so, but not what a sibling has just published.
      if (job.overwrite && !(await alreadyThere(bucket, state.key, job))) {
        const over = await unlessEnded(publishNow(arrived, false));
        if (over.outcome === 'stored') return { outcome: 'copied', head: over.head, checksum };
      }
      await bucket.abandon(upload);
      throw new UploadEnded(`${state.key} is there already.`);
    },
    abandon: () => bucket.abandon(upload),
  };
}

/**
 * What has become of an upload that somebody else ended: published by an attempt that crashed afterwards or by a sibling,
 * or thrown away.
 */
export async function endedBefore(bucket: Bucket, job: UploadJob, state: RememberedTransfer): Promise<Published> {
  const existing = await alreadyThere(bucket, state.key, job);
  if (!existing) throw new StartOver(`The upload of ${state.key} is gone.`);
  return { outcome: 'already-there', ...existing };
}

/** What the store found other bytes in was damaged on the way: once more from memory, which had its checksum. */
function onceMore<T>(error: unknown, put: () => Promise<T>): Promise<T> {
  if (error instanceof Rejected) return put();
  throw error;
}

async function unlessEnded<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof Missing) throw new UploadEnded('The upload was ended by someone else.', { cause: error });
    throw error;
  }
}

/** One writing at a time; those asked for meanwhile share the next. */
function coalesced(write: () => Promise<void>): { write(): Promise<void> } {
  let current: Promise<void> | undefined;
  let next: Promise<void> | undefined;
  const begin = (): Promise<void> => {
    const writing = write().finally(() => {
      if (current === writing) current = undefined;
    });
    current = writing;
    return writing;
  };
  return {
    write: () => {
      if (!current) return begin();
      next ??= current
        .catch(() => {})
        .then(() => {
          next = undefined;
          return begin();
        });
      return next;
    },
  };
}

const inOrder = (parts: ReadonlyMap<number, KnownPart>): KnownPart[] =>
  [...parts.values()].sort((a, b) => a.partNumber - b.partNumber);

const numbersUpTo = (count: number): number[] => Array.from({ length: count }, (_, at) => at + 1);
