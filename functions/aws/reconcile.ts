import { createLog } from '../../shared/log.ts';
import { dynamoTable, sqsQueue } from '../../shared/platform/aws/index.ts';
import { readSettings, text } from '../../shared/settings.ts';
import { reconcileHandler } from '../reconcile.ts';

const settings = readSettings({
  runsTable: ['RUNS_TABLE', text],
  settleQueue: ['SETTLE_QUEUE', text],
  startQueue: ['START_QUEUE', text],
});

export const handler = reconcileHandler({
  runs: dynamoTable(settings.runsTable),
  settleQueue: sqsQueue(settings.settleQueue),
  startQueue: sqsQueue(settings.startQueue),
  clock: Date.now,
  log: createLog(),
});
