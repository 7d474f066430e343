import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { messageBackoff } from '../shared/retry.ts';
import { copyOutput } from '../shared/runs/deliver/copy-output.ts';
import type { CopyDeps } from '../shared/runs/deliver/deps.ts';
import { parseCopyMessage } from '../shared/runs/run/messages.ts';
import { partMemory } from '../shared/transfer/transfer.ts';
import { bodyOf, extendVisibility, handleBatch } from './handle-batch.ts';

export interface CopyDoorDeps extends CopyDeps {
  /** How long one message works on a copy before it hands over to another; default 120. */
  readonly sliceSeconds?: number;
}

/** How long a worker may be silent before its message is handed to another: what a crash costs. */
export const visibilitySeconds = 90;
/** Kept of Lambda's time for parts under way and the end of the run. */
export const spareMs = 60_000;
/** Kept for saying how far it came, or why it came no further. */
export const lastMs = 15_000;

/** For parts that are filled and sent, by all copies of this process. */
export const memoryBytes = 80 * 1024 * 1024;

export const copyOutputHandler = (world: CopyDoorDeps) => {
  const deps = { memory: partMemory(memoryBytes), ...world };
  return async (event: SQSEvent, context?: Pick<Context, 'getRemainingTimeInMillis'>): Promise<SQSBatchResponse> => {
    const waiting = new Set(event.Records);
    const extend = () => extendVisibility(deps.copyQueue, deps.log, [...waiting], visibilitySeconds);
    await extend();
    const copy = async (record: SQSRecord) => {
      try {
        await copyOutput(deps, parseCopyMessage(bodyOf(record)), { extend, ...timesOf(deps, context) });
      } finally {
        waiting.delete(record);
      }
    };
    return handleBatch(event, deps.log, copy, {
      queue: deps.copyQueue,
      onFailure: () => ({ backoff: messageBackoff }),
    });
  };
};

/** A slice ends well before Lambda would end it; what it has under way then, before Lambda would without a word. */
function timesOf({ clock, sliceSeconds = 120 }: CopyDoorDeps, context?: Pick<Context, 'getRemainingTimeInMillis'>) {
  const leftMs = context === undefined ? Number.POSITIVE_INFINITY : context.getRemainingTimeInMillis();
  return {
    deadlineMs: clock() + Math.max(0, Math.min(sliceSeconds * 1000, leftMs - spareMs)),
    endMs: clock() + Math.max(0, leftMs - lastMs),
  };
}
