import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { eachMessage } from '../shared/runs/each-message.ts';
import { parseSettleMessage } from '../shared/runs/messages.ts';
import { type SettleDeps, settleRun } from '../shared/runs/settle-run.ts';

export const settleHandler =
  (deps: SettleDeps) =>
  (event: SQSEvent): Promise<SQSBatchResponse> =>
    eachMessage(event, deps.log, (body) => settleRun(deps, parseSettleMessage(body).runId));
