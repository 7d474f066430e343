import { Missing } from '../errors.ts';
import type { Container } from './check-content.ts';
import { accepted } from './check-content.ts';
import { promised } from './deferred.ts';
import { OutOfTime, RangesIgnored, StartOver } from './errors.ts';
import { alreadyThere, type Existing } from './existing-object.ts';
import { type Copy, type HandedOver, propertiesOf, type Transferred, transferred } from './job.ts';
import { endedBefore, type PartUpload, partUpload, UploadEnded } from './multipart-upload.ts';
import type { Reading } from './part-sender.ts';
import { type Layout, layoutOf, partCount } from './parts.ts';
import { readInParallel } from './read-in-parallel.ts';
import { readInOrder } from './read-sequentially.ts';
import { isUsable, type RememberedTransfer } from './resume-state.ts';
import { type Answered, isPinned, type Pin } from './source.ts';

/** In parts. Reading goes on while the upload is begun: what is full by then waits for it. */
export async function copyLarge(copy: Copy, opened: Answered, inOrder: boolean): Promise<Transferred | HandedOver> {
  const layout = layoutOf(opened.bytes);
  const head = promised<Uint8Array>();
  const place = head.promise.then((bytes) => placeFor(copy, opened, layout, bytes));
  let upload: PartUpload | undefined;
  let stop: { readonly error: unknown } | undefined;
  place.then(
    (found) => {
      upload = found.upload;
      if (!upload) stop = { error: new UploadEnded('It is there already.') };
    },
    (error) => {
      stop = { error };
    },
  );
  const reading: Reading = {
    ...copy,
    pin: opened,
    layout,
    watch: {
      ...copy.watch,
      tick: (progress) => {
        if (stop) throw stop.error;
        copy.watch.tick(progress);
      },
    },
    progress: () => upload?.progress() ?? { bytes: 0, ofBytes: layout.bytes },
    missing: () => upload?.missing() ?? Array.from({ length: partCount(layout) }, (_, at) => at + 1),
    head: head.resolve,
    failed: head.reject,
    send: async (part) => {
      const found = await place;
      if (!found.upload) throw new UploadEnded('It is there already.');
      await found.upload.send(part);
    },
  };
  const read = (inOrder ? readInOrder(reading, opened) : readInParallel(reading, opened)).catch(async (error) => {
    // With an upload begun, what has arrived is kept.
    if (!(error instanceof RangesIgnored) || !(await place).upload) throw error;
    return readInOrder(reading);
  });
  const ended = read.catch(() => {});
  ended.then(() => head.reject(new Error('The source ended before its first bytes.')));
  const found = await place.catch(async (error) => {
    await ended;
    throw error;
  });
  if (found.upload) return finish(copy, found.upload, read);
  await ended;
  return transferred('already-there', found.existing, found.container, opened);
}

type Place =
  | { readonly upload: PartUpload }
  | { readonly upload?: undefined; readonly existing: Existing; readonly container: Container };

/** Where it goes, which its first bytes decide, and whether it is there already. */
async function placeFor({ deps, job, wrongBefore }: Copy, pin: Pin, layout: Layout, head: Uint8Array): Promise<Place> {
  const { bucket } = deps;
  const { identity, overwrite } = job;
  const container = accepted(job.kind ?? 'video', head);
  const key = job.keyFor(container.extension);
  const { etag, sourceCrc32c } = pin;
  const existing = await alreadyThere(bucket, key, { identity, overwrite });
  if (existing) return { existing, container };
  const { uploadId } = await bucket.startUpload(key, propertiesOf(job, container));
  const source = { etag, ...(sourceCrc32c !== undefined && { sourceCrc32c }) };
  const wrong = wrongBefore ? { wrongBefore } : {};
  const state: RememberedTransfer = { key, uploadId, ...layout, ...container, ...source, crc32c: '', ...wrong };
  await job.remember(state);
  return { upload: partUpload(bucket, job, state) };
}

/** Goes on with an upload that an earlier attempt began. */
export async function resume(copy: Copy, state: RememberedTransfer): Promise<Transferred | HandedOver> {
  const { bucket } = copy.deps;
  if (!isUsable(state)) {
    await bucket.abandon(state);
    throw new StartOver(`The upload of ${state.key} was begun by an earlier version.`);
  }
  const listed = await bucket.listParts(state).catch((error) => {
    if (error instanceof Missing) return undefined;
    throw error;
  });
  if (!listed) return transferred('already-there', await endedBefore(bucket, copy.job, state), state, state);
  const upload = partUpload(bucket, copy.job, state, listed);
  return finish(copy, upload, readRest(copy, upload, state));
}

async function readRest(copy: Copy, upload: PartUpload, pin: RememberedTransfer): Promise<void> {
  if (upload.missing().length === 0) return;
  if (!isPinned(pin)) throw new StartOver('The source has no ETag, so it may have changed since.');
  const { missing, progress, send } = upload;
  const reading: Reading = { ...copy, pin, layout: pin, missing, progress, send };
  try {
    await readInParallel(reading);
  } catch (error) {
    if (!(error instanceof RangesIgnored)) throw error;
    await readInOrder(reading);
  }
}

async function finish(copy: Copy, upload: PartUpload, read: Promise<void>): Promise<Transferred | HandedOver> {
  const { deps, job, watch } = copy;
  const before = upload.progress().bytes;
  try {
    await read;
    await watch.settled();
    if (watch.isOver() && upload.missing().length > 0) return { outcome: 'handed-over', ...upload.progress() };
    const published = await upload.publish();
    return transferred(published.outcome, published, upload.state(), upload.state());
  } catch (error) {
    if (error instanceof UploadEnded) {
      const published = await endedBefore(deps.bucket, job, upload.state());
      return transferred(published.outcome, published, upload.state(), upload.state());
    }
    // A source without ranges is read from its first byte by each slice; as long as they get further, they may go on.
    const hasMore = isPinned(upload.state()) && upload.progress().bytes > before;
    if (error instanceof OutOfTime && hasMore) return { outcome: 'handed-over', ...upload.progress() };
    if (error instanceof StartOver) await upload.abandon();
    throw error;
  }
}
