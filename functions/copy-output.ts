import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { type CopyDeps, copyOutput } from '../shared/runs/copy-output.ts';
import { eachMessage } from '../shared/runs/each-message.ts';
import { parseCopyMessage } from '../shared/runs/messages.ts';

export const copyOutputHandler =
  (deps: CopyDeps) =>
  (event: SQSEvent): Promise<SQSBatchResponse> =>
    eachMessage(event, deps.log, (body) => copyOutput(deps, parseCopyMessage(body)));
