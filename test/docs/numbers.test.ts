import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

const textOf = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const [, table = ''] = textOf('docs/failure-modes.md').split('## Our numbers');

/** What the page says, and the place in the code that makes it so: who changes one is told of the other. */
const numbers: readonly (readonly [says: string, file: string, code: string])[] = [
  ['| a slice of a copy | *120 s*', 'infra/defaults.ts', 'sliceSeconds: 120'],
  ['a minute before Lambda', 'functions/copy-output.ts', 'spareMs = 60_000'],
  ['end (5 min) at the latest', 'infra/video-pipeline.ts', 'copyOutput: Duration.minutes(5)'],
  ['hidden for 90 s', 'functions/copy-output.ts', 'visibilitySeconds = 90'],
  ['sign of life, one in 10 s', 'shared/transfer/deadline.ts', 'beatMs = 10_000'],
  ['again after 5, 20, 80, 300 s', 'shared/retry.ts', 'baseSeconds: 5, factor: 4, maxSeconds: 300'],
  ['| a copy | 12 connections', 'shared/transfer/transfer.ts', 'defaultConnections = 12'],
  ['below 8 MiB in one piece', 'shared/transfer/parts.ts', 'smallBytes = 8 * mebibyte'],
  ['80 MiB of parts', 'functions/copy-output.ts', 'memoryBytes = 80 * 1024 * 1024'],
  ['asked for again after 20 min', 'shared/runs/deliver/request-copies.ts', 'silentSeconds = 1200'],
  ['the end; 7 days; the manifest', 'shared/runs/deliver/request-copies.ts', 'giveUpSeconds = 7 * 24 * 3600'],
  ['the manifest one day more', 'shared/runs/deliver/request-copies.ts', 'lastSeconds = 24 * 3600'],
  ['project files | 5 tries', 'shared/runs/deliver/copy-output.ts', 'triesOfFile = 5'],
  ['12 while only the API cannot be asked', 'shared/runs/deliver/copy-output.ts', 'triesOfApi = 12'],
  ['thrown away after a day', 'shared/runs/reconcile/reap-uploads.ts', 'waitSeconds = 24 * 3600'],
  ['200 in a pass', 'shared/runs/reconcile/reap-uploads.ts', 'atOnce = 200'],
  ['woken after 2 min', 'shared/runs/run/run-items.ts', 'toldWithinMs = 120_000'],
  ['then after 1, 4, 16, each 24 h', 'shared/retry.ts', 'baseSeconds: hour, factor: 4, maxSeconds: 24 * hour'],
  [
    'outputs 96,000 bytes, inputs 64,000, data 32,000',
    'shared/runs/notify/build-event.ts',
    'data: 32_000, inputs: 64_000, outputs: 96_000',
  ],
  ['15 s to answer', 'shared/runs/notify/send-webhook.ts', 'timeoutMs = 15_000'],
  [
    'again after 5 s, 5 and 30 min, 2, 5, 10, 10 h',
    'shared/retry.ts',
    '[5, 5 * 60, 30 * 60, 2 * hour, 5 * hour, 10 * hour, 10 * hour]',
  ],
  ['8 tries', 'infra/video-pipeline.ts', 'noticeReceives = 8'],
  ['10 URLs to a rule', 'shared/runs/rules/document.ts', "10, should('at most 10 URLs')"],
  ['(settle 2.5, notify 1)', 'infra/video-pipeline.ts', 'settle: Duration.seconds(150)'],
  ['2 min hidden from others during a redrive', 'functions/tessera/queries/dead-letters.ts', 'visibilitySeconds = 120'],
  ['as much to be told, of each', 'shared/runs/notify/wake-outbox.ts', 'atOnce = 250'],
  ['with receivers 2 at least', 'shared/runs/run/retention.ts', 'receiverDays = 2'],
  ['due for 15 min, or three passes', 'shared/runs/reconcile/measure-open-runs.ts', 'stuckMs = 3 * 300_000'],
  ['more than 20 wrong secrets', 'infra/log-alarms.ts', 'oddWebhooks = 20'],
];

describe('docs/failure-modes.md, "Our numbers"', () => {
  test.each(numbers)('%s', (says, file, code) => {
    expect(table).toContain(says);
    expect([file, textOf(file).includes(code) ? code : 'says otherwise']).toEqual([file, code]);
  });
});
