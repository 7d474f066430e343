import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { parseObjectCreated, parseObjectRestored } from '../shared/platform/events.ts';
import { admitRun, admitToldOf, admitUpload } from '../shared/runs/ingest/admit-upload.ts';
import type { IngestDeps } from '../shared/runs/ingest/deps.ts';
import { wakeRestoring } from '../shared/runs/ingest/wake-awaiting.ts';
import { parseStartMessage } from '../shared/runs/run/messages.ts';
import type { StartDeps } from '../shared/runs/start/deps.ts';
import { startWaiting } from '../shared/runs/start/start-waiting.ts';
import { eachMessage, failAll } from './handle-batch.ts';

export type StartRunDeps = IngestDeps & StartDeps;

/** Events of the uploads bucket and our own wakes: takes note of what landed, then starts what waits. */
export const startRunHandler =
  (deps: StartRunDeps) =>
  async (event: SQSEvent): Promise<SQSBatchResponse> => {
    const outcome = await eachMessage(event, deps.log, (body) => takeNote(deps, body));
    try {
      // Once for all messages, and also when some failed: what waits does not depend on them.
      await startWaiting(deps);
      return outcome;
    } catch (error) {
      deps.log.error('start-waiting.failed', { error });
      return failAll(event);
    }
  };

async function takeNote(deps: StartRunDeps, body: unknown): Promise<void> {
  const message = parseStartMessage(body);
  if (message?.kind === 'start-run') await admitRun(deps, message.runId);
  if (message?.kind === 'object') await admitToldOf(deps, message);
  if (message !== undefined) return;
  for (const upload of parseObjectCreated(body)) await admitUpload(deps, upload);
  for (const version of parseObjectRestored(body)) await wakeRestoring(deps, version);
}
