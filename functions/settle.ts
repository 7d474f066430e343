import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { parseSettleMessage } from '../shared/runs/run/messages.ts';
import type { SettleDeps } from '../shared/runs/settle/deps.ts';
import { settleRun } from '../shared/runs/settle/settle-run.ts';
import { bodyOf, handleBatch } from './handle-batch.ts';

export const settleHandler =
  (deps: SettleDeps) =>
  (event: SQSEvent): Promise<SQSBatchResponse> =>
    handleBatch(event, deps.log, (record) => settleRun(deps, parseSettleMessage(bodyOf(record)).runId));
