import { type Alarm, Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import { FilterPattern, MetricFilter } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { alarmOn, alarmPeriod, kebab } from './alarms.ts';
import type { LambdaFunction } from './lambda-function.ts';

export interface LogMetricProps {
  /** The pipeline's own, so that pipelines count separately. */
  readonly namespace: string;
  /** Names of log events. */
  readonly events: readonly string[];
  /** The level at which they count. A repeated problem is logged as a warning only. */
  readonly level?: 'error' | 'warn';
  /** The functions that may log them. */
  readonly functions: readonly LambdaFunction[];
}

export interface LogAlarmProps extends LogMetricProps {
  /** How many events in five minutes are still normal. Default: none. */
  readonly threshold?: number;
  /** What it means, and what to type. */
  readonly text: string;
}

/** Counts log events in a metric named like the construct. The metric costs nothing before the first event. */
export class LogMetric extends Construct {
  readonly metric: Metric;

  constructor(scope: Construct, id: string, { namespace, events, level = 'error', functions }: LogMetricProps) {
    super(scope, id);
    const filterPattern = FilterPattern.all(
      FilterPattern.stringValue('$.level', '=', level),
      FilterPattern.any(...events.map((event) => FilterPattern.stringValue('$.event', '=', event))),
    );
    for (const { node, log } of functions) {
      new MetricFilter(this, `In${node.id}`, {
        logGroup: log,
        filterPattern,
        metricNamespace: namespace,
        metricName: id,
        metricValue: '1',
      });
    }
    this.metric = new Metric({ namespace, metricName: id, statistic: Stats.SUM, period: alarmPeriod });
  }
}

/** Alarms when a function logs one of these events. It sends no all-clear: a quiet log does not mean that it is fixed. */
export class LogAlarm extends LogMetric {
  readonly alarm: Alarm;

  constructor(scope: Construct, id: string, { threshold, text, ...metricProps }: LogAlarmProps) {
    super(scope, id, metricProps);
    this.alarm = alarmOn(this, 'Alarm', { metric: this.metric, periods: 1, threshold, text, paragraph: kebab(id) });
  }
}
