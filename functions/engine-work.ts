import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { type WorkDeps, work } from '../shared/engine/work/work.ts';
import { PermanentError } from '../shared/errors.ts';
import { messageBackoff } from '../shared/retry.ts';
import { handleBatch, receiveCountOf } from './handle-batch.ts';

/** The engine's work queue: one task per message. */
export const engineWorkHandler =
  (deps: WorkDeps) =>
  (event: SQSEvent): Promise<SQSBatchResponse> =>
    handleBatch(
      event,
      deps.log,
      (record) =>
        work(deps, { body: record.body, receipt: record.receiptHandle, receiveCount: receiveCountOf(record) }),
      {
        queue: deps.queue,
        // A permanent failure is recorded on its run.
        onFailure: (error) => ({ backoff: messageBackoff, acknowledge: error instanceof PermanentError }),
        events: { failed: 'task.failed', extendFailed: 'task.extend-failed' },
      },
    );
