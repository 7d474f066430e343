import { readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { named, ofType, only, synthesize } from './synthesize.ts';

const { pipeline } = synthesize();
const root = resolve(import.meta.dirname, '../..');
const doorsOf = { StartRun: 'start-run', Webhook: 'webhook', Settle: 'settle', CopyOutput: 'copy-output' };

/** The log events of each alarm, and their level. */
const alarms: Record<string, { events: string[]; level: 'error' | 'warn' }> = {
  AccountHeld: { events: ['account.held'], level: 'error' },
  UploadDenied: { events: ['upload.denied'], level: 'error' },
  LimitReached: { events: ['budget.reached', 'storm.stopped'], level: 'error' },
  StartUnanswered: { events: ['start.unanswered-for-good', 'webhook.second-agent-run'], level: 'error' },
  WebhookUnauthorised: { events: ['webhook.unauthorised'], level: 'warn' },
};

interface Filter {
  readonly FilterPattern: string;
  readonly LogGroupName: unknown;
  readonly MetricTransformations: readonly { MetricNamespace: string; MetricName: string; DefaultValue?: number }[];
}
const filters = ofType(pipeline, 'AWS::Logs::MetricFilter').map(
  ([, { Properties }]) => Properties as unknown as Filter,
);
const filtersOf = (alarm: string) =>
  filters.filter(({ MetricTransformations: [metric] }) => metric?.MetricName === alarm);

describe.each(Object.entries(alarms))('%s', (alarm, { events, level }) => {
  test(`${alarm} counts its events in the log of every function that may log them`, () => {
    const sources = Object.entries(doorsOf).filter(([, door]) => {
      const code = [...reachedFrom(`functions/aws/${door}.ts`)].map((file) => readFileSync(join(root, file), 'utf8'));
      return events.some((event) => code.some((text) => text.includes(`'${event}'`)));
    });
    expect(sources).not.toEqual([]);
    const listened = filtersOf(alarm).map(({ LogGroupName }) => named(LogGroupName).replace(/Log$/, ''));
    expect(sources.map(([id]) => id).filter((id) => !listened.includes(id))).toEqual([]);
    for (const { FilterPattern } of filtersOf(alarm)) {
      expect(FilterPattern).toContain(`($.level = "${level}")`);
      for (const event of events) expect(FilterPattern).toContain(`$.event = "${event}"`);
    }
  });

  test(`${alarm} says what to type, and its metric costs nothing before the first event`, () => {
    const { Properties } = only(pipeline, 'AWS::CloudWatch::Alarm', alarm);
    expect(Properties).toMatchObject({
      Namespace: 'Tessera/dev',
      MetricName: alarm,
      Threshold: alarm === 'WebhookUnauthorised' ? 20 : 0,
      EvaluationPeriods: 1,
      TreatMissingData: 'notBreaching',
    });
    expect(Properties.AlarmDescription).toMatch(/npm run (tessera -- \w+.* --stage dev|secrets -- dev)/);
    for (const {
      MetricTransformations: [metric],
    } of filtersOf(alarm))
      expect(metric?.DefaultValue).toBeUndefined();
  });
});

test('webhooks for unknown runs and flags are counted without an alarm', () => {
  const [filter, ...others] = filtersOf('WebhookUnknown');
  expect(others).toEqual([]);
  expect(filter?.FilterPattern).toContain('$.event = "webhook.unknown-run"');
  expect(filter?.FilterPattern).toContain('$.event = "webhook.unknown-event"');
  const alarming = ofType(pipeline, 'AWS::CloudWatch::Alarm').map(([, { Properties }]) => Properties.MetricName);
  expect(alarming).not.toContain('WebhookUnknown');
});

test('each stage has its own metric namespace', () => {
  for (const {
    MetricTransformations: [metric],
  } of filters)
    expect(metric?.MetricNamespace).toBe('Tessera/dev');
});

/** A file and everything it imports. */
function reachedFrom(file: string, reached = new Set<string>()): Set<string> {
  if (reached.has(file)) return reached;
  reached.add(file);
  const text = readFileSync(join(root, file), 'utf8');
  for (const [, target = ''] of text.matchAll(/from '(\.[^']+)'|import\('(\.[^']+)'\)/g))
    if (target !== '') reachedFrom(relative(root, join(root, dirname(file), target)), reached);
  return reached;
}
