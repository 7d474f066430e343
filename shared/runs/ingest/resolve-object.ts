import { Denied } from '../../errors.ts';
import { versionOf } from '../../platform/object-version.ts';
import { type ObjectMessage, sendObjects } from '../run/messages.ts';
import type { Upload } from '../run/run.ts';
import type { IngestDeps } from './deps.ts';

const deniedAgainSeconds = 900;

/**
 * The upload that somebody other than S3 tells of. It is looked at first, so that it has the same identity as S3 gives
 * it, and however it was heard of, there is one run. Undefined: it is not there any more, or may not be read yet.
 */
export async function uploadToldOf(deps: IngestDeps, message: ObjectMessage): Promise<Upload | undefined> {
  const { key, versionId, sequencer } = message;
  try {
    const head = await deps.uploads.head(key, { versionId });
    if (head === undefined) {
      deps.log.info('upload.gone', { key });
      return undefined;
    }
    return { bucket: deps.uploads.name, key, versionId: versionOf(head), etag: head.etag, size: head.size, sequencer };
  } catch (error) {
    if (!(error instanceof Denied)) throw error;
    // Without its version there is nothing to claim yet, so the message is sent again with a delay.
    const fields = { key, reason: error.message };
    if (message.deniedBefore === true) deps.log.warn('upload.denied', fields);
    else deps.log.error('upload.denied', fields);
    await sendObjects(deps.startQueue, [{ ...withoutKind(message), deniedBefore: true }], deniedAgainSeconds);
    return undefined;
  }
}

const withoutKind = ({ kind, ...object }: ObjectMessage) => object;
