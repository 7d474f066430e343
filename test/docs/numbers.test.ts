import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import * as copyOutputFunction from '../../functions/copy-output.ts';
import * as deadLetters from '../../functions/tessera/queries/dead-letters.ts';
import { pipelineDefaults } from '../../infra/defaults.ts';
import { webhookErrorThreshold } from '../../infra/log-alarms.ts';
import { noticeReceives, timeouts } from '../../infra/pipeline-queues.ts';
import { messageBackoff, outboxBackoff, receiverBackoff } from '../../shared/retry.ts';
import { triesOfApi, triesOfFile } from '../../shared/runs/deliver/copy-output.ts';
import { giveUpSeconds, lastSeconds, silentSeconds } from '../../shared/runs/deliver/request-copies.ts';
import { roomBytes } from '../../shared/runs/notify/build-event.ts';
import * as sendWebhook from '../../shared/runs/notify/send-webhook.ts';
import * as wakeOutbox from '../../shared/runs/notify/wake-outbox.ts';
import { stuckMs } from '../../shared/runs/reconcile/measure-open-runs.ts';
import * as reapUploads from '../../shared/runs/reconcile/reap-uploads.ts';
import * as reconcileRuns from '../../shared/runs/reconcile/reconcile-runs.ts';
import { receiverDays } from '../../shared/runs/run/retention.ts';
import { toldWithinMs } from '../../shared/runs/run/run-items.ts';
import { beatMs } from '../../shared/transfer/deadline.ts';
import { smallBytes } from '../../shared/transfer/parts.ts';
import { defaultConnections } from '../../shared/transfer/transfer.ts';

const readFile = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const [, table = ''] = readFile('docs/failure-modes.md').split('## Our numbers');
const rulesSchema = JSON.parse(readFile('docs/rules.schema.json'));

const hour = 3600;
const mebibyte = 1024 * 1024;
const minutes = (duration: { toSeconds(): number }) => duration.toSeconds() / 60;
const withoutJitter = () => 0;
const [m1, m2, m3, m4] = [1, 2, 3, 4].map((failures) => messageBackoff(failures, withoutJitter));
const [o1, o2, o3, o4] = [1, 2, 3, 4].map((failures) => outboxBackoff(failures, withoutJitter) / hour);
const [r1 = 0, r2 = 0, r3 = 0, r4 = 0, r5 = 0, r6 = 0, r7 = 0] = [1, 2, 3, 4, 5, 6, 7].map((failures) =>
  receiverBackoff(failures, withoutJitter),
);
const withCommas = (count: number) => count.toLocaleString('en-US');

/** A row of the page, and the text that the program's constants require there. */
const numbers: readonly (readonly [row: string, says: string])[] = [
  ['a slice of a copy', `*${pipelineDefaults.sliceSeconds} s*`],
  ['a slice of a copy', `${copyOutputFunction.spareMs / 1000} s before Lambda's timeout`],
  ['a slice of a copy', `timeout (${minutes(timeouts.copyOutput)} min)`],
  ['a slice of a copy', `stopped ${copyOutputFunction.lastMs / 1000} s before it`],
  ["a copy's message", `hidden for ${copyOutputFunction.visibilitySeconds} s`],
  ["a copy's message", `a heartbeat every ${beatMs / 1000} s`],
  ["a copy's message", `again after ${m1}, ${m2}, ${m3}, ${m4} s`],
  ['a copy', `${defaultConnections} connections`],
  ['a copy', `below ${smallBytes / mebibyte} MiB in one piece`],
  ['its memory', `${copyOutputFunction.memoryBytes / mebibyte} MiB of parts`],
  ['silent copies', `again after ${silentSeconds / 60} min`],
  ['silent copies', `${giveUpSeconds / 24 / hour} days; the manifest ${lastSeconds / 24 / hour} day more`],
  ['thumbnails and project files', `${triesOfFile} tries, ${triesOfApi} while only the API`],
  ['orphaned parts', `after ${reapUploads.waitSeconds / hour} h, ${reapUploads.atOnce} in a pass`],
  ['unsent events', `woken after ${toldWithinMs / 60_000} min, then after ${o1}, ${o2}, ${o3}, each ${o4} h`],
  [
    'unsent events',
    `outputs ${withCommas(roomBytes.outputs)} bytes, inputs ${withCommas(roomBytes.inputs)}, data ${withCommas(roomBytes.data)}`,
  ],
  ['webhooks to receivers', `${sendWebhook.timeoutMs / 1000} s to answer; ${noticeReceives} tries`],
  [
    'webhooks to receivers',
    `again after ${r1} s, ${r2 / 60} and ${r3 / 60} min, ${r4 / hour}, ${r5 / hour}, ${r6 / hour}, ${r7 / hour} h`,
  ],
  ['webhooks to receivers', `${rulesSchema.properties.rules.items.properties.notify.maxItems} URLs for a rule`],
  ['records of a run', `with receivers ${receiverDays} at least`],
  ['messages', `hidden for ${minutes(timeouts.startRun)} min`],
  ['messages', `(settle ${minutes(timeouts.settle)}, notify ${minutes(timeouts.notify)})`],
  ['messages', `hidden for ${deadLetters.visibilitySeconds} s during a redrive`],
  ['reconcile', `every *${pipelineDefaults.reconcileMinutes} min*`],
  ['reconcile', `${reconcileRuns.atOnce} runs and ${wakeOutbox.atOnce} unsent events`],
  ['alarms on age', `due for ${stuckMs / 60_000} min`],
  ['alarms on age', `more than ${webhookErrorThreshold} wrong secrets`],
];

describe('docs/failure-modes.md, "Our numbers"', () => {
  test.each(numbers)('the row "%s" says "%s", as the program does', (row, says) => {
    const line = table.split('\n').find((each) => each.startsWith(`| ${row} |`));
    expect(line).toContain(says);
  });
});
