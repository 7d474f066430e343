import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { admitRun, admitToldOf, admitUpload } from '../shared/runs/ingest/admit-upload.ts';
import type { IngestDeps } from '../shared/runs/ingest/deps.ts';
import { wakeRestoring } from '../shared/runs/ingest/wake-awaiting.ts';
import { parseStartQueueMessage, type StartQueueMessage } from '../shared/runs/run/messages.ts';
import type { StartDeps } from '../shared/runs/start/deps.ts';
import { startWaiting } from '../shared/runs/start/start-waiting.ts';
import { bodyOf, failAll, handleBatch } from './handle-batch.ts';

export type StartRunDeps = IngestDeps & StartDeps;

/** Events of the uploads bucket and our own messages: claims and judges what landed, then starts waiting runs. */
export const startRunHandler =
  (deps: StartRunDeps) =>
  async (event: SQSEvent): Promise<SQSBatchResponse> => {
    const outcome = await handleBatch(event, deps.log, (record) =>
      handleMessage(deps, parseStartQueueMessage(bodyOf(record))),
    );
    try {
      // Once for all messages, and also when some failed: what waits does not depend on them.
      await startWaiting(deps);
      return outcome;
    } catch (error) {
      deps.log.error('start-waiting.failed', { error });
      return failAll(event);
    }
  };

async function handleMessage(deps: StartRunDeps, message: StartQueueMessage): Promise<void> {
  switch (message.kind) {
    case 'start-run':
      await admitRun(deps, message.runId);
      return;
    case 'object':
      await admitToldOf(deps, message);
      return;
    case 'start-waiting':
      return;
    case 's3-event':
      for (const upload of message.created) await admitUpload(deps, upload);
      for (const version of message.restored) await wakeRestoring(deps, version);
  }
}
